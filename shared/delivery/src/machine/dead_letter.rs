use std::time::Duration;

use workflow::Workflow;

use super::close::{Closed, close};
use super::dispatch::{archive_of, message_again, opened_by, queue};
use super::ids::visit_id_of;
use super::send::{SendDecision, replay_after_exit};
use crate::document::DocumentRef;
use crate::message::{Assignment, Delivery};
use crate::ports::{FileLeft, MAX_DELAY};
use crate::reason::Reason;
use crate::record::VisitRecord;
use crate::state::{FileState, Outcome, Status};
use crate::time::Timestamp;

/// What to do for the file of a dead-lettered delivery, before its message is parked.
#[derive(Debug, PartialEq, Eq)]
pub enum DeadLetterDecision {
    /// Let the file leave its stage by `failed`.
    Close(Box<Closed>),
    /// The file has already left; send its next assignment again, in case it was never sent.
    ReenqueueAssignment {
        /// The assignment.
        assignment: Box<Assignment>,
        /// The event that may not have been announced either.
        left: Option<Box<FileLeft>>,
    },
    /// The delivery is open; send its message again, in case it was never sent.
    Reenqueue {
        /// The message.
        delivery: Box<Delivery>,
        /// The delay until it is due.
        delay: Duration,
    },
    /// A sender has claimed the attempt: look again later.
    LeaseHeld,
    /// Nothing is left to do for the file, except perhaps to announce its exit again.
    Done(Option<Box<FileLeft>>),
    /// The record no longer has the delivery; announce its exit again from the history.
    NeedsHistory,
}

/// Decides on a dead-lettered assignment.
///
/// A file that an exit has already put into the stage leaves it by `failed`. If the assignment has opened
/// its delivery, that delivery's message is sent again, because perhaps only sending it had failed. Any
/// other file is at rest where it was, and its assignment is only parked.
#[must_use]
pub fn decide_dead_letter_assignment(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: &FileState,
    now: Timestamp,
) -> DeadLetterDecision {
    let (visit_id, document) = (visit_id_of(assignment), assignment.document.as_ref());
    if state.visit.id == visit_id && !opened_by(state, assignment) {
        // The dispatcher would have rejected this assignment.
        return DeadLetterDecision::Done(None);
    }
    if state.visit.id != visit_id {
        return over(replay_after_exit(visit_id, document, state));
    }
    match (state.status, &state.delivery) {
        (Status::Assigned, _) => {}
        (Status::Queued | Status::Sending, Some(open)) => {
            return DeadLetterDecision::Reenqueue {
                delivery: Box::new(message_again(assignment, open)),
                delay: now.until(open.next_at).min(MAX_DELAY),
            };
        }
        _ => return over(replay_after_exit(visit_id, document, state)),
    }
    let opened = FileState {
        version: state.version,
        ..queue(assignment, state, now)
    };
    closed(workflow, &opened, archive_of(state), document, now)
}

/// Decides on a dead-lettered delivery: an internal error may fail a file but never lose it.
#[must_use]
pub fn decide_dead_letter(
    workflow: Option<&Workflow>,
    message: &Delivery,
    state: &FileState,
    now: Timestamp,
) -> DeadLetterDecision {
    let open = state
        .delivery
        .as_ref()
        .filter(|d| d.delivery_id == message.delivery_id && d.outcome.is_none());
    let Some(open) = open else {
        let document = message.document.as_ref();
        return over(replay_after_exit(message.delivery_id, document, state));
    };
    if message.attempt < open.attempt {
        // This attempt is recorded; only the message of the next one can be missing.
        let delivery = Box::new(Delivery {
            attempt: open.attempt,
            ..message.clone()
        });
        return DeadLetterDecision::Reenqueue {
            delivery,
            delay: now.until(open.next_at).min(MAX_DELAY),
        };
    }
    if state.status == Status::Sending && open.lease_until.is_some_and(|until| until >= now) {
        return DeadLetterDecision::LeaseHeld;
    }
    closed(workflow, state, None, message.document.as_ref(), now)
}

fn over(decision: SendDecision) -> DeadLetterDecision {
    match decision {
        SendDecision::ReenqueueAssignment { assignment, left } => {
            DeadLetterDecision::ReenqueueAssignment { assignment, left }
        }
        SendDecision::NeedsHistory => DeadLetterDecision::NeedsHistory,
        SendDecision::Done(left) => DeadLetterDecision::Done(left),
        _ => DeadLetterDecision::Done(None),
    }
}

fn closed(
    workflow: Option<&Workflow>,
    state: &FileState,
    archive: Option<VisitRecord>,
    document: Option<&DocumentRef>,
    now: Timestamp,
) -> DeadLetterDecision {
    let (outcome, reason) = (Outcome::Failed, Some(Reason::DeadLettered));
    close(workflow, state, outcome, reason, document, now)
        .map_or(DeadLetterDecision::Done(None), |closed| {
            DeadLetterDecision::Close(Box::new(Closed { archive, ..closed }))
        })
}
