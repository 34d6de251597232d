use std::time::Duration;

use uuid::Uuid;

use super::exit::{Missing, missing_after_exit};
use super::step::{Effect, FromHistory, Step};
use crate::message::{Delivery, Task};
use crate::retry::MAX_DELAY;
use crate::state::{FileState, Status};
use crate::time::Timestamp;

/// A message that is this much early counts as due, because queues count whole seconds and clocks differ.
const EARLY: Duration = Duration::from_millis(1_500);

/// The result for a delivery message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver accepted the file.
    Succeeded,
    /// The attempt failed and the next one is queued.
    Retrying,
    /// The delivery failed for good.
    Failed,
    /// No call was made: a step that may have been lost was repeated, or the visit was already over.
    Repeated,
}

/// Decides on a delivery message. `history` answers an earlier [`Step::AskHistory`].
#[must_use]
pub fn send_step(
    message: &Delivery,
    state: &FileState,
    history: &FromHistory,
    now: Timestamp,
) -> Step<Sent, u32> {
    let open = state
        .delivery
        .as_ref()
        .filter(|d| d.delivery_id == message.delivery_id && d.outcome.is_none());
    let Some(open) = open else {
        let document = message.document.as_ref();
        return match missing_after_exit(message.delivery_id, document, state, history) {
            Missing::Unknown => Step::AskHistory(message.delivery_id),
            Missing::Effects(effects, _) => Step::Do(effects, Sent::Repeated),
            Missing::NoVisit => Step::Do(Vec::new(), Sent::Repeated),
        };
    };
    let wait = now.until(open.next_at);
    let due = message.for_attempt(open.attempt);
    if (message.stage_id, message.workflow_id) != (open.stage_id, state.workflow_id) {
        // The record is the truth; a message that contradicts it is replaced by a correct one.
        let corrected = Delivery {
            stage_id: open.stage_id,
            workflow_id: state.workflow_id,
            ..due
        };
        return Step::Do(vec![send_again(corrected, wait)], Sent::Repeated);
    }
    match (state.status, message.task) {
        (Status::Queued, Task::Attempt(attempt)) if attempt == open.attempt && wait <= EARLY => {
            Step::Claim(attempt)
        }
        (Status::Queued, Task::Attempt(attempt)) if attempt > open.attempt => nothing(),
        (Status::Queued, _) => Step::Do(vec![send_again(due, wait)], Sent::Repeated),
        (Status::Sending, Task::Attempt(attempt)) if attempt == open.attempt => {
            match open.lease_until {
                Some(until) if until >= now => Step::Wait(until),
                _ => Step::Claim(attempt),
            }
        }
        // The message of an older attempt, while a newer attempt, which has its own message, is being made.
        _ => nothing(),
    }
}

const fn nothing() -> Step<Sent, u32> {
    Step::Do(Vec::new(), Sent::Repeated)
}

/// Sends the message of the attempt that is due, in case it was never sent.
pub(super) fn send_again(delivery: Delivery, wait: Duration) -> Effect {
    Effect::SendDelivery(Box::new(delivery), wait.min(MAX_DELAY))
}

/// The record in which the attempt is claimed until `lease_until`.
#[must_use]
pub fn claim(
    state: &FileState,
    claim_id: Uuid,
    lease_until: Timestamp,
    now: Timestamp,
) -> FileState {
    let mut next = state.clone();
    next.version += 1;
    next.status = Status::Sending;
    next.updated_at = now;
    if let Some(delivery) = next.delivery.as_mut() {
        delivery.lease_until = Some(lease_until);
        delivery.claim_id = Some(claim_id);
    }
    next
}
