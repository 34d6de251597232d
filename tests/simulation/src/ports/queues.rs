//! Sending, message by message: each may fail by itself.

use std::time::Duration;

use delivery::ports::{Outgoing, PortError, SendMessages};
use delivery::retry::MAX_MESSAGE_DELAY;
use delivery::{Assignment, DeadLetter, Delivery, FileState, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::Sim;
use crate::faults::Break;
use crate::world::{ASSIGNMENTS, DELIVERIES, PARKED};

impl Sim {
    async fn post<M: Serialize + Send>(
        &self,
        queue: usize,
        loses: impl Fn(&M) -> Option<Break>,
        messages: Vec<Outgoing<M>>,
        about: impl Fn(&M) -> Option<Uuid>,
    ) -> Vec<Result<(), PortError>> {
        let mut results = Vec::new();
        for outgoing in messages {
            let put_off = about(&outgoing.message);
            let loses = loses(&outgoing.message);
            let body = serde_json::to_string(&outgoing.message).unwrap();
            let delay = i64::try_from(outgoing.delay.as_millis()).unwrap();
            let sent = self.effect("send", move |world| {
                if loses.is_some_and(|loses| world.is_broken(loses)) && world.dice.one_in(10) {
                    return;
                }
                if put_off.is_some_and(|id| world.muted.remove(&(self.task, id)))
                    && world.is_broken(Break::PutOffNotSent)
                {
                    return;
                }
                // SQS counts whole seconds.
                world.post(queue, body, (delay + 999) / 1000 * 1000);
            });
            results.push(sent.await);
        }
        results
    }
}

impl SendMessages<Assignment> for Sim {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        // No record says of a command that waits for its file that it is owed: if it is lost, nobody can know.
        let loses = |it: &Assignment| (it.waits == 0).then_some(Break::LosesAssignments);
        self.post(ASSIGNMENTS, loses, messages, |_| None).await
    }
}

impl SendMessages<Delivery> for Sim {
    async fn send(&self, mut messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        let mut lost = Vec::new();
        for (place, outgoing) in messages.iter_mut().enumerate() {
            if self.is_lost_leg(outgoing) {
                lost.push(place);
            }
        }
        if !lost.is_empty() {
            return messages.iter().map(|_| Ok(())).collect();
        }
        let loses = |_: &Delivery| Some(Break::LosesDeliveries);
        self.post(DELIVERIES, loses, messages, |it| Some(it.delivery_id))
            .await
    }
}

/// What a leg is delayed by at least: half of the longest delay of a message, less what clocks may differ.
const SHORTEST_LEG: Duration = Duration::from_secs(445);

impl Sim {
    /// Looks at a message whose attempt is due later than it arrives, and breaks it if that is what is broken. True if it is
    /// lost.
    fn is_lost_leg(&self, outgoing: &mut Outgoing<Delivery>) -> bool {
        let snapshot = outgoing.message.snapshot.as_deref();
        let Some(mut state) = snapshot.and_then(|it| serde_json::from_str::<FileState>(it).ok())
        else {
            return false;
        };
        let Some(open) = state.delivery.as_mut() else {
            return false;
        };
        let mut world = self.world();
        let left = Timestamp::from_millis(world.now).until(open.next_at);
        if left <= MAX_MESSAGE_DELAY + Duration::from_secs(5) {
            return false;
        }
        world.faults.note("leg of a long wait");
        if world.is_broken(Break::LegSentAtOnce) {
            outgoing.delay = Duration::ZERO;
        }
        if outgoing.delay < SHORTEST_LEG {
            let what = format!("a message comes after {:?}, {left:?} early", outgoing.delay);
            world.witness.found.add(12, what);
        }
        if world.is_broken(Break::LegSpendsAttempt) {
            open.attempt += 1;
            let attempt = open.attempt;
            outgoing.message = outgoing.message.for_attempt(attempt);
            outgoing.message.snapshot = serde_json::to_string(&state).ok();
        }
        world.is_broken(Break::LegNotSent)
    }
}

impl SendMessages<DeadLetter> for Sim {
    async fn send(&self, messages: Vec<Outgoing<DeadLetter>>) -> Vec<Result<(), PortError>> {
        let loses = |_: &DeadLetter| Some(Break::DropsDeadLetters);
        self.post(PARKED, loses, messages, |_| None).await
    }
}
