use std::time::Duration;

use uuid::Uuid;
use workflow::Actor;

use super::close::{announcement, assignment_of};
use crate::document::DocumentRef;
use crate::message::{Assignment, Delivery};
use crate::ports::{FileLeft, MAX_DELAY};
use crate::state::{FileState, Status};
use crate::time::Timestamp;

/// A message that comes this much early is on time: queues count whole seconds, clocks differ.
const EARLY: Duration = Duration::from_millis(1_500);

/// What the sender does with a delivery message.
#[derive(Debug, PartialEq, Eq)]
pub enum SendDecision {
    /// Claim the attempt, then call.
    Claim,
    /// Another sender has it until then: leave the message on the queue, it is the guard against
    /// that sender's death.
    LeaseHeld(Timestamp),
    /// This attempt is recorded, or not due: (re-)send the message of the attempt that is.
    Reenqueue {
        /// The message.
        delivery: Box<Delivery>,
        /// Until it is due.
        delay: Duration,
    },
    /// The visit is over and the file went on to a Webhook stage: its assignment may never have
    /// been sent, so send it again.
    ReenqueueAssignment {
        /// The assignment.
        assignment: Box<Assignment>,
        /// What may not have been announced either.
        left: Option<Box<FileLeft>>,
    },
    /// Nothing is left to do, but perhaps to announce the end again.
    Done(Option<Box<FileLeft>>),
    /// The visit is over, and the record has gone on so far that it has forgotten it. The history
    /// knows what may not have been announced.
    NeedsHistory,
}

/// Decides on a delivery message.
#[must_use]
pub fn decide_send(message: &Delivery, state: &FileState, now: Timestamp) -> SendDecision {
    let open = state
        .delivery
        .as_ref()
        .filter(|d| d.delivery_id == message.delivery_id && d.outcome.is_none());
    let Some(open) = open else {
        return replay_after_exit(message.delivery_id, message.document.as_ref(), state);
    };
    if (message.stage_id, message.workflow_id) != (open.stage_id, state.workflow_id) {
        // The record is the truth; a message that says otherwise is one to correct.
        let delivery = Delivery {
            attempt: open.attempt,
            stage_id: open.stage_id,
            workflow_id: state.workflow_id,
            ..message.clone()
        };
        return SendDecision::Reenqueue {
            delivery: Box::new(delivery),
            delay: now.until(open.next_at).min(MAX_DELAY),
        };
    }
    match state.status {
        Status::Queued if message.attempt <= open.attempt => {
            let wait = now.until(open.next_at);
            if message.attempt == open.attempt && wait <= EARLY {
                return SendDecision::Claim;
            }
            let delivery = Delivery {
                attempt: open.attempt,
                ..message.clone()
            };
            SendDecision::Reenqueue {
                delivery: Box::new(delivery),
                delay: wait.min(MAX_DELAY),
            }
        }
        Status::Sending if message.attempt == open.attempt => match open.lease_until {
            Some(until) if until >= now => SendDecision::LeaseHeld(until),
            _ => SendDecision::Claim,
        },
        // An older attempt's message while a newer attempt is being made: the newer has its own.
        _ => SendDecision::Done(None),
    }
}

/// What may still be missing of a visit that is not open: the next stage's assignment, the announcement.
pub(super) fn replay_after_exit(
    visit_id: Uuid,
    document: Option<&DocumentRef>,
    state: &FileState,
) -> SendDecision {
    let left = announcement(state, visit_id).map(Box::new);
    let came_from_here = matches!(
        state.visit.assigned_by,
        Actor::Workflow { from_visit } if from_visit == visit_id
    );
    let assignment = assignment_of(state, document).filter(|_| came_from_here);
    match assignment {
        Some(assignment) => SendDecision::ReenqueueAssignment {
            assignment: Box::new(assignment),
            left,
        },
        None if left.is_none() => SendDecision::NeedsHistory,
        None => SendDecision::Done(left),
    }
}

/// The record with the attempt claimed until `lease_until`.
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
