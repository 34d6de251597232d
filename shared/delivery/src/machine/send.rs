use std::time::Duration;

use uuid::Uuid;
use workflow::Actor;

use super::close::{announcement, assignment_of};
use crate::document::DocumentRef;
use crate::message::{Assignment, Delivery};
use crate::ports::{FileLeft, MAX_DELAY};
use crate::state::{FileState, Status};
use crate::time::Timestamp;

/// A message that is this much early counts as due, because queues count whole seconds and clocks differ.
const EARLY: Duration = Duration::from_millis(1_500);

/// What the sender does with a delivery message.
#[derive(Debug, PartialEq, Eq)]
pub enum SendDecision {
    /// Claim the attempt, then call.
    Claim,
    /// Another sender has claimed it until then: leave the message on the queue, in case that sender crashes.
    LeaseHeld(Timestamp),
    /// This attempt is already recorded, or not due: send the message of the attempt that is due next.
    Reenqueue {
        /// The message.
        delivery: Box<Delivery>,
        /// The delay until it is due.
        delay: Duration,
    },
    /// The visit is over and the file went on to a Webhook stage: send its assignment again, in case it was
    /// never sent.
    ReenqueueAssignment {
        /// The assignment.
        assignment: Box<Assignment>,
        /// The event that may not have been announced either.
        left: Option<Box<FileLeft>>,
    },
    /// Nothing is left to do, except perhaps to announce the exit again.
    Done(Option<Box<FileLeft>>),
    /// The visit is over, and the record no longer has it. The event that may not have been announced is
    /// made from the history.
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
        // The record is the truth; a message that contradicts it is replaced by a correct one.
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
        // The message of an older attempt, while a newer attempt, which has its own message, is being made.
        _ => SendDecision::Done(None),
    }
}

/// What may still be missing after a visit has ended: the next stage's assignment, and the announcement.
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
