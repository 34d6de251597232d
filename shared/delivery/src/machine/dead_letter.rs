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
    /// The file leaves its stage by `failed`.
    Close(Box<Closed>),
    /// It has gone on already; its next assignment may never have been sent.
    ReenqueueAssignment {
        /// The assignment.
        assignment: Box<Assignment>,
        /// What may not have been announced either.
        left: Option<Box<FileLeft>>,
    },
    /// The delivery is open, and its message may never have been sent: send it again.
    Reenqueue {
        /// The message.
        delivery: Box<Delivery>,
        /// Until it is due.
        delay: Duration,
    },
    /// A sender has the attempt right now: look again later.
    LeaseHeld,
    /// Nothing is left to do for the file, but perhaps to announce its exit again.
    Done(Option<Box<FileLeft>>),
    /// The record has forgotten the delivery: the history knows what to announce again.
    NeedsHistory,
}

/// Decides on a dead-lettered assignment.
///
/// A file that an exit has already put into the stage leaves it by `failed`. One whose delivery it has
/// opened gets that delivery's message again: perhaps only sending it was what failed. Any other file is
/// where it was, at rest, and its assignment is only parked.
#[must_use]
pub fn decide_dead_letter_assignment(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: &FileState,
    now: Timestamp,
) -> DeadLetterDecision {
    let (visit_id, document) = (visit_id_of(assignment), assignment.document.as_ref());
    if state.visit.id == visit_id && !opened_by(state, assignment) {
        // The dispatcher would have rejected it.
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

/// Decides on a dead-lettered delivery: a fault of ours costs a failed file, never a lost one.
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
        // This attempt is recorded; at most the message of the next one is missing.
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
