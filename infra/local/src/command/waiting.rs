//! Files that wait because their stage is paused.

use delivery::FileState;
use delivery::ports::PortError;

use crate::backend::directory::Directory;
use crate::backend::stages::{Controlled, stages};
use crate::terminal::output::{argument, say};
use crate::terminal::report::counted;

/// The paused stages of a state directory.
pub(super) struct PausedHere(Vec<Controlled>);

impl PausedHere {
    /// Reads them.
    pub(super) async fn read(directory: &Directory) -> Result<Self, PortError> {
        let all = stages(directory).await?.into_iter();
        Ok(Self(
            all.filter(|stage| stage.control.pause.is_some()).collect(),
        ))
    }

    /// Whether the file has a delivery that waits in one of them.
    pub(super) fn has(&self, state: &FileState) -> bool {
        let open = state.delivery.as_ref().filter(|d| d.outcome.is_none());
        open.is_some_and(|open| {
            self.0.iter().any(|Controlled { key, .. }| {
                let of_file = (&state.key.team, state.workflow_id, open.stage_id);
                (&key.team, key.workflow_id, key.stage_id) == of_file
            })
        })
    }

    /// Says how many files wait in each, and what to do about it.
    pub(super) async fn say(&self, directory: &Directory) -> Result<(), PortError> {
        let state = argument(&directory.path().to_string_lossy());
        for stage in &self.0 {
            let Some(pause) = &stage.control.pause else {
                continue;
            };
            let files = directory.deliveries_of(&stage.key).await?;
            let files = usize::try_from(files).unwrap_or(usize::MAX);
            if files > 0 {
                let verb = if files == 1 { "waits" } else { "wait" };
                say!(
                    "{} {verb}: stage \"{}\" is paused ({}): resume it with `webhook-stage resume --state {state} --stage {}`, then give the same command again",
                    counted(files, "file"),
                    stage.name,
                    stage.why_paused(pause),
                    argument(&stage.name),
                );
            }
        }
        Ok(())
    }
}
