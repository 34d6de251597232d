//! Pausing and resuming a stage, and closing its circuit breaker by hand.

use std::io::Write;

use delivery::Reason;
use delivery::control::{StageControl, StageKey, closed_by_hand, paused, resumed};
use delivery::ports::{Clock, SystemClock};
use delivery::usecase::operate_control;

use super::{SUCCESS, over_api};
use crate::backend::remote::Remote;
use crate::backend::stages::Controlled;
use crate::backend::workflows::{teams_of, webhook_stage};
use crate::backend::{Backend, Operation};
use crate::cli::{CloseArgs, PauseArgs, ResumeArgs, StageArgs};
use crate::error::Error;
use crate::terminal::output::{output, shown};

/// What was before, and what is now.
struct Changed {
    stage: Controlled,
    before: StageControl,
    is_here: bool,
}

impl Changed {
    fn is_changed(&self) -> bool {
        self.before != self.stage.control
    }
}

impl Operation for PauseArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::pause(remote, self).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let reason = self.reason.as_deref();
        let pause = |control: &_| paused(control, "operator", reason, SystemClock.now());
        change(backend, &self.stage, pause, |changed| {
            let pause = changed.stage.control.pause.as_ref();
            let why = pause.map_or_else(String::new, |pause| changed.stage.why_paused(pause));
            if !changed.is_changed() {
                format!("is already paused ({why})")
            } else if changed.is_here {
                format!("is paused ({why}): its files wait, and no attempt is spent")
            } else {
                format!(
                    "is paused ({why}): within seconds no more calls are made; its files wait, and no attempt is spent"
                )
            }
        })
        .await
    }
}

impl Operation for ResumeArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::resume(remote, &self.stage).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let resume = |control: &_| resumed(control, SystemClock.now());
        change(backend, &self.stage, resume, |changed| {
            let Some(pause) = &changed.before.pause else {
                return "is not paused".to_owned();
            };
            let was = changed.stage.why_paused(pause);
            let next = if changed.is_here {
                "its files go on with the next `webhook-stage run` on this directory"
            } else {
                "its files go on one by one, the last after about as long as it was paused, and at most 15 minutes"
            };
            format!("is resumed; it was paused {was}; {next}")
        })
        .await
    }
}

impl Operation for CloseArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::close(remote, &self.stage).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let close = |control: &_| closed_by_hand(control, SystemClock.now());
        change(backend, &self.stage, close, |changed| {
            let Some(outage) = &changed.before.outage else {
                return "has its circuit breaker closed already".to_owned();
            };
            let phase = outage.phase.code().replace('_', "-");
            let why = Reason::code(outage.reason);
            format!(
                "has its circuit breaker closed by hand; it was {phase} ({why}, since {}); deliveries that were put off still wait until {} at most",
                outage.since, outage.until
            )
        })
        .await
    }
}

/// Changes the control record of the stage, for each team that has its workflow, and prints a line for each.
async fn change(
    backend: &impl Backend,
    args: &StageArgs,
    change: impl Fn(&StageControl) -> Option<StageControl> + Send + Sync,
    say: impl Fn(&Changed) -> String,
) -> Result<u8, Error> {
    let (workflow, stage) = webhook_stage(backend, &args.stage, &args.within).await?;
    let teams = teams_of(backend, args.within.team.as_ref(), workflow.id).await?;
    for team in &teams {
        let key = StageKey {
            team: team.clone(),
            workflow_id: workflow.id,
            stage_id: stage.id,
        };
        let (before, control) = operate_control(backend.records(), &key, &change).await?;
        let changed = Changed {
            before,
            stage: Controlled {
                key,
                name: stage.name.clone(),
                control,
            },
            is_here: backend.here().is_some(),
        };
        let said = say(&changed);
        let of = changed.stage.of_team(teams.len() > 1);
        let line = shown(&format!("stage \"{}\"{of} {said}", stage.name));
        output(|out| writeln!(out, "{line}"))?;
    }
    Ok(SUCCESS)
}
