//! The event bus, which announces that a file has left its stage.

use delivery::control::{Change, HeldBy};
use delivery::ports::{Events, Observation, Observer, PortError};
use delivery::{FileKey, FileLeft, FileState, Outcome};
use uuid::Uuid;

use super::Sim;
use crate::check::announced;
use crate::faults::Break;
use crate::world::World;

impl Events for Sim {
    async fn file_left(&self, left: &FileLeft) -> Result<(), PortError> {
        let mut left = left.clone();
        self.effect("announce", |world| {
            if world.is_broken(Break::AnnouncesWrongOutcome) {
                left.outcome = match left.outcome {
                    Outcome::Succeeded | Outcome::Skipped => Outcome::Failed,
                    Outcome::Failed => Outcome::Succeeded,
                };
            }
            world.hear(left);
        })
        .await
    }

    async fn stage_changed(&self, _change: &Change) -> Result<(), PortError> {
        self.effect("announce a change", |_| ()).await
    }
}

/// Counts why deliveries are put off.
impl Observer for Sim {
    fn observe(&self, observation: Observation<'_>) {
        if let Observation::PutOff(_, by) = observation {
            self.world().faults.note(match by {
                HeldBy::Breaker => "put off by the breaker",
                HeldBy::Pause(_) => "put off by a pause",
                HeldBy::Rate => "put off by the rate",
            });
        }
    }
}

impl World {
    /// An announcement must be true when it arrives: whoever hears it looks.
    fn hear(&mut self, left: FileLeft) {
        let known = self.delivery(&left.key, left.delivery_id).cloned();
        announced(&left, known.as_ref(), &mut self.witness.found);
        if !self.witness.announced.contains(&left) {
            self.witness.announced.push(left);
        }
    }

    /// As the record has it, or else the history.
    fn delivery(&self, key: &FileKey, id: Uuid) -> Option<&delivery::DeliveryState> {
        let current = self.states.get(key).and_then(|s| s.delivery.as_ref());
        let past = || self.visits.get(&(key.clone(), id))?.delivery.as_ref();
        current.filter(|d| d.delivery_id == id).or_else(past)
    }

    /// A break: what a write that ends a delivery is going to say is announced before it.
    pub(super) fn announce_too_early(&mut self, next: &FileState) {
        let before = self.states.get(&next.key);
        let ended = |state: &FileState| {
            let delivery = state.delivery.as_ref()?;
            delivery.outcome?;
            Some(delivery.delivery_id)
        };
        let ends = ended(next).filter(|id| before.and_then(ended) != Some(*id));
        if let (Some(delivery), Some(_)) = (next.delivery.as_ref(), ends)
            && let (Some(outcome), Some(at)) = (delivery.outcome, delivery.ended_at)
        {
            self.hear(FileLeft {
                key: next.key.clone(),
                workflow_id: next.workflow_id,
                stage_id: delivery.stage_id,
                delivery_id: delivery.delivery_id,
                trace_id: delivery.trace().id(),
                outcome,
                reason: delivery.reason,
                attempts: u32::try_from(delivery.attempts.len()).unwrap(),
                moved_to: delivery.moved_to,
                at,
            });
        }
    }
}
