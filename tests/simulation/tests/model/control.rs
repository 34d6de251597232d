//! The stage's control record: what it does to a delivery, and what others do to it.
//!
//! There is one file, so the calls of all other files of its stage are one actor, and so are the operators. Each of their
//! writes is one step.

use std::sync::LazyLock;
use std::time::Duration;

use delivery::control::{
    Admission, Health, Phase, Recent, StageControl, admit, after_call, closed_by_hand, paused,
    resumed,
};
use delivery::usecase::LEASE_MARGIN;
use delivery::{Answer, DeliveryState, Reason, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::breaks::Break;
use super::clock::{NOW, Passed, TIMEOUT};
use super::fact::Fact;
use super::observed::Wrong;
use super::scenario;
use super::small::Small;
use super::worker::{Role, Worker};
use super::world::{Body, World};

pub(crate) type Control = Fact<StageControl>;

/// How long a claim lasts, and so a probe.
pub(crate) const LEASE: Duration = Duration::from_secs(TIMEOUT.as_secs() + LEASE_MARGIN.as_secs());

/// What others do to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Other {
    /// Another file's call fails, which trips the breaker.
    Trips,
    /// Another file's delivery makes the probe.
    Probes,
    /// And is answered, well or badly.
    Answered(bool),
    Pauses,
    Resumes,
    Closes,
}

/// The delivery of another file.
static OTHER: LazyLock<DeliveryState> = LazyLock::new(|| {
    serde_json::from_value(json!({
        "delivery_id": Uuid::from_u128(99), "stage_id": scenario::id("A"), "sequence": 1,
        "assigned_by": {"user": {"id": 7, "role": "admin"}},
        "opened_at": NOW, "attempt": 1, "next_at": NOW,
    }))
    .unwrap()
});

/// Whether the record lets this delivery be called.
fn allows(control: &StageControl, delivery: Uuid) -> bool {
    let phase = control.outage.as_ref().map(|outage| outage.phase);
    control.pause.is_none()
        && match phase {
            None | Some(Phase::Recovering) => true,
            Some(Phase::HalfOpen { probe }) => probe == delivery,
            Some(Phase::Open) => false,
        }
}

fn probe_of(control: &StageControl) -> Option<Uuid> {
    match control.outage.as_ref()?.phase {
        Phase::HalfOpen { probe } => Some(probe),
        Phase::Open | Phase::Recovering => None,
    }
}

/// The record after that time: what it waits for is over.
pub(crate) fn control_aged(control: &Control, passed: Passed) -> Control {
    let is_lasting = |until: Timestamp| until > NOW;
    let outage = control.outage.as_ref().map(|outage| outage.until);
    if !outage.into_iter().chain(control.next_free).any(is_lasting) {
        return control.clone();
    }
    let mut aged = StageControl::clone(control);
    if let Some(outage) = aged.outage.as_mut()
        && (passed == Passed::Lease || !matches!(outage.phase, Phase::HalfOpen { .. }))
    {
        outage.until = outage.until.min(NOW);
    }
    aged.next_free = aged.next_free.map(|time| time.min(NOW));
    Fact::new(aged)
}

impl Worker {
    fn delivery(&self) -> Option<Uuid> {
        match self.body() {
            Some(Body::Delivery(message)) if self.role == Role::Sender => Some(message.delivery_id),
            _ => None,
        }
    }

    /// Learns that the record says so, at a time when the worker may read it.
    fn may_read(&mut self, control: &StageControl) {
        self.may_call |= self.delivery().is_some_and(|id| allows(control, id));
    }

    /// It reads the record, or a copy that is a write old.
    pub(crate) fn reads(mut self, world: &World, is_stale: bool) -> Self {
        let Some(current) = &world.control else {
            return self;
        };
        self.may_read(current);
        let old = world.old_control.as_ref().filter(|_| is_stale);
        if let Some(old) = old {
            self.may_read(old);
        }
        self.control = Some(old.unwrap_or(current).clone());
        self
    }
}

impl Small {
    /// The conditional write; refused, it answers with the record that is there.
    pub(crate) fn write_control(
        &self,
        world: &mut World,
        writer: Option<&mut Worker>,
        next: &Control,
    ) -> Result<(), Control> {
        let Some(found) = world.control.clone() else {
            return Ok(());
        };
        if found.version + 1 != next.version {
            if found == *next {
                return Ok(());
            }
            if !self.is_broken(Break::UnconditionalControls) {
                return Err(found);
            }
            world.observed.wrong.insert(Wrong::Control);
        }
        let other = OTHER.delivery_id;
        if probe_of(&found) != Some(other) && probe_of(next) == Some(other) {
            world.other_probes = true;
            let is_leased = found.outage.as_ref().is_some_and(|o| o.until > NOW);
            if probe_of(&found).is_some() && is_leased {
                world.observed.wrong.insert(Wrong::TwoProbes);
            }
        }
        for worker in &mut world.workers {
            worker.may_read(next);
        }
        if let Some(writer) = writer {
            writer.may_read(next);
            writer.control = Some(next.clone());
        }
        world.old_control = (world.left.stale > 0).then_some(found);
        world.control = Some(next.clone());
        Ok(())
    }

    /// The worker makes its call: it must have read, or been able to read, that it may.
    pub(crate) fn watch_call(&self, world: &mut World, worker: &Worker) {
        let Some(control) = &world.control else {
            return;
        };
        if !worker.may_call {
            world.observed.wrong.insert(Wrong::HeldBack);
        }
        if worker.delivery().is_some()
            && probe_of(control) == worker.delivery()
            && world.other_probes
        {
            world.observed.wrong.insert(Wrong::TwoProbes);
        }
    }

    /// What a sender's process learns from an answer; it is written unless the record says so already.
    pub(crate) fn learn(&self, world: &mut World, worker: &mut Worker, status: u16) {
        let (Some(copy), Some(current), Some(id)) = (
            worker.control.clone(),
            world.control.clone(),
            worker.delivery(),
        ) else {
            return;
        };
        for control in [copy, current] {
            let Some(next) = self.after(&control, id, status) else {
                return;
            };
            if self
                .write_control(world, Some(worker), &Fact::new(next))
                .is_ok()
            {
                return;
            }
        }
    }

    /// Every failure trips the breaker of these worlds.
    fn after(&self, control: &StageControl, delivery: Uuid, status: u16) -> Option<StageControl> {
        let health = Health::of(&answer(status));
        let recent = Recent {
            calls: 1,
            failures_in_a_row: u32::from(matches!(health, Health::Trouble(..))),
            ..Recent::default()
        };
        let config = self.config(scenario::id("A"))?;
        after_call(control, config, delivery, health, &recent, NOW)
    }

    pub(crate) fn others(&self, world: &World) -> Vec<Other> {
        let Some(control) = &world.control else {
            return Vec::new();
        };
        let mut others = Vec::new();
        if world.left.others > 0 {
            others.extend([Other::Trips, Other::Probes, Other::Pauses, Other::Closes]);
        }
        others.extend([
            Other::Answered(true),
            Other::Answered(false),
            Other::Resumes,
        ]);
        others.retain(|other| self.changed_by(control, *other).is_some());
        others
    }

    fn changed_by(&self, control: &StageControl, by: Other) -> Option<StageControl> {
        let id = OTHER.delivery_id;
        match by {
            Other::Trips if control.is_plain() => self.after(control, id, 500),
            Other::Probes => {
                let config = self.config(scenario::id("A"))?;
                match admit(control, config, &OTHER, None, LEASE, NOW) {
                    Admission::Probe(next) => Some(*next),
                    _ => None,
                }
            }
            Other::Answered(well) if probe_of(control) == Some(id) => {
                self.after(control, id, if well { 200 } else { 500 })
            }
            Other::Pauses => paused(control, "operator", None, NOW),
            Other::Resumes => resumed(control, NOW),
            Other::Closes => closed_by_hand(control, NOW),
            Other::Trips | Other::Answered(_) => None,
        }
    }

    pub(crate) fn act(&self, world: &mut World, by: Other) {
        let Some(control) = world.control.clone() else {
            return;
        };
        // Once an operator has closed the breaker, all may call.
        if matches!(by, Other::Answered(_) | Other::Closes) {
            world.other_probes = false;
        }
        if !matches!(by, Other::Answered(_) | Other::Resumes) {
            world.left.others -= 1;
        }
        if let Some(next) = self.changed_by(&control, by) {
            let _ = self.write_control(world, None, &Fact::new(next));
        }
    }
}

/// What a call came to; 0 is none that was made, because the breaker was open for too long.
pub(crate) fn answer(status: u16) -> Answer {
    let none = Answer::no_call(Reason::CircuitOpen);
    Answer {
        result: if status == 0 { none.result } else { Ok(status) },
        ..none
    }
}
