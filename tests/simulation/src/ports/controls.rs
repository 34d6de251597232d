//! The stages' control records. A function's process keeps a copy, as long as the engines allow; people read the record
//! itself.

use delivery::Timestamp;
use delivery::control::{ChangeKind, Phase, StageControl, StageKey, changes};
use delivery::ports::{ControlWriteError, Controls, PortError};

use super::Sim;
use crate::check::{Held, control_written};
use crate::faults::Break;
use crate::world::World;

/// How old a process's copy may be, in milliseconds.
const COPY_LIVES: i64 = 5_000;

impl Controls for Sim {
    async fn control(&self, stage: &StageKey) -> Result<StageControl, PortError> {
        if let Some(copy) = self.world().copy(self.process, stage) {
            return Ok(copy);
        }
        self.effect("control", |world| {
            let control = world.control(stage);
            world.keep_copy(self.process, stage, &control);
            match self.process {
                Some(_) => world.as_broken_senders_read(control),
                None => control,
            }
        })
        .await
    }

    async fn put_control(
        &self,
        stage: &StageKey,
        next: &StageControl,
    ) -> Result<(), ControlWriteError> {
        let written = self.effect("put control", |world| {
            let put = world.put_control(stage, next, self.task);
            // An engine may keep what it has written or found, or go on with its old copy.
            if world.dice.one_in(2) {
                let now_read = world.control(stage);
                world.keep_copy(self.process, stage, &now_read);
            }
            put
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(found)) => Err(ControlWriteError::Conflict(found)),
            Err(error) => Err(ControlWriteError::Port(error)),
        }
    }
}

impl World {
    pub(crate) fn control(&self, stage: &StageKey) -> StageControl {
        let of_stage = self.witness.held.iter().rev();
        let mut of_stage = of_stage.filter(|held| held.stage_id == stage.stage_id);
        of_stage
            .next()
            .map(|held| held.control.clone())
            .unwrap_or_default()
    }

    /// The process's copy, if it has one that is not too old.
    fn copy(&mut self, process: Option<usize>, stage: &StageKey) -> Option<StageControl> {
        let now = self.now;
        let (copy, read_at) = self.processes[process?].copies.get(&stage.stage_id)?;
        if now - read_at > COPY_LIVES {
            return None;
        }
        let copy = copy.clone();
        if copy.version != self.control(stage).version {
            self.faults.note("stale control record");
        }
        Some(self.as_broken_senders_read(copy))
    }

    fn keep_copy(&mut self, process: Option<usize>, stage: &StageKey, control: &StageControl) {
        let now = self.now;
        if let Some(process) = process {
            let copies = &mut self.processes[process].copies;
            copies.insert(stage.stage_id, (control.clone(), now));
        }
    }

    /// A break: senders do not see what holds deliveries back.
    fn as_broken_senders_read(&self, mut control: StageControl) -> StageControl {
        if self.is_broken(Break::CallsWhilePaused) {
            control.pause = None;
        }
        if self.is_broken(Break::CallsWhileOpen) {
            control.outage = None;
        }
        control
    }

    fn put_control(
        &mut self,
        stage: &StageKey,
        next: &StageControl,
        task: u64,
    ) -> Result<(), Box<StageControl>> {
        let found = self.control(stage);
        if found.version + 1 != next.version && !self.is_broken(Break::UnconditionalControls) {
            self.faults.note("control record's write refused");
            let is_probe = is_probing(next) && is_probing(&found);
            if is_probe && self.is_broken(Break::ProbesAnyway) {
                return Err(Box::new(next.clone()));
            }
            return Err(Box::new(found));
        }
        let mut next = next.clone();
        if let Some(outage) = next.outage.as_mut()
            && matches!(outage.phase, Phase::HalfOpen { .. })
            && self.is_broken(Break::NoProbeLease)
        {
            outage.until = Timestamp::from_millis(self.now + 86_400_000);
        }
        let kinds: Vec<ChangeKind> = changes(stage, &found, &next)
            .into_iter()
            .map(|change| change.change)
            .collect();
        for kind in &kinds {
            self.faults.note(told(*kind));
        }
        let is_reservation = kinds.is_empty() && found.next_free != next.next_free;
        if is_reservation {
            self.faults.note("times reserved");
            if self.is_broken(Break::RateNotWritten) {
                return Ok(());
            }
        }
        control_written(&found, &next, self.now, &mut self.witness.found);
        self.tell(task, || {
            let name = stage.stage_id;
            let (pause, outage) = (&next.pause, &next.outage);
            format!(
                "writes control of {name} v{} {kinds:?} {pause:?} {outage:?}",
                next.version
            )
        });
        self.witness.held.push(Held {
            stage_id: stage.stage_id,
            at: self.now,
            control: next,
        });
        Ok(())
    }
}

fn is_probing(control: &StageControl) -> bool {
    let outage = control.outage.as_ref();
    outage.is_some_and(|outage| matches!(outage.phase, Phase::HalfOpen { .. }))
}

const fn told(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::BreakerOpened => "breaker opens",
        ChangeKind::BreakerHalfOpen => "breaker half-open",
        ChangeKind::BreakerRecovering => "receiver recovers",
        ChangeKind::BreakerClosed => "breaker closes",
        ChangeKind::Paused => "stage paused",
        ChangeKind::Resumed => "stage resumed",
        ChangeKind::TurnedSlow => "stage turns slow",
        ChangeKind::TurnedFast => "stage turns fast",
    }
}
