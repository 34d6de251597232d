//! Files that wait because their stage is paused.

use delivery::FileState;
use delivery::ports::PortError;

use crate::backend::directory::Directory;
use crate::backend::stages::{Controlled, stages};
use crate::terminal::output::{argument, say};
use crate::terminal::report::files_wait;

/// The stages of a state directory, some of which are paused.
pub(super) struct PausedHere(Vec<Controlled>);

impl PausedHere {
    /// Reads them.
    pub(super) async fn read(directory: &Directory) -> Result<Self, PortError> {
        Ok(Self(stages(directory).await?))
    }

    /// Whether the file has a delivery that waits in a paused stage.
    pub(super) fn has(&self, state: &FileState) -> bool {
        let open = state.delivery.as_ref().filter(|d| d.outcome.is_none());
        open.is_some_and(|open| {
            self.0.iter().any(|Controlled { key, control, .. }| {
                let of_file = (&state.key.team, state.workflow_id, open.stage_id);
                (&key.team, key.workflow_id, key.stage_id) == of_file && control.pause.is_some()
            })
        })
    }

    /// Says how many files wait in each paused stage, and what to do about it.
    pub(super) async fn say(&self, directory: &Directory) -> Result<(), PortError> {
        let state = argument(&directory.path().to_string_lossy());
        for stage in &self.0 {
            let Some(pause) = &stage.control.pause else {
                continue;
            };
            let files = directory.deliveries_of(&stage.key).await?;
            if files > 0 {
                say!(
                    "{}: stage \"{}\"{} is paused ({}): resume it with `webhook-stage resume --state {state} --stage {}{}`, then give the same command again",
                    files_wait(files),
                    stage.name,
                    stage.of_team(self.0.iter().any(|other| other.key.team != stage.key.team)),
                    stage.why_paused(pause),
                    argument(&stage.name),
                    self.workflow(stage),
                );
            }
        }
        Ok(())
    }

    /// The workflow as an argument, where several have a stage of this name.
    fn workflow(&self, stage: &Controlled) -> String {
        let id = stage.key.workflow_id;
        let is_other = |other: &&Controlled| other.key.workflow_id != id;
        let mut others = self.0.iter().filter(is_other);
        match others.any(|other| other.name == stage.name) {
            true => format!(" --workflow {id}"),
            false => String::new(),
        }
    }
}
