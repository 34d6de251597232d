use workflow::Workflow;

use super::dispatch::{archive_of, message_again, opened_by, queue};
use super::exit::{Closed, Missing, close, missing_after_exit};
use super::ids::visit_id_of;
use super::legs::send_after;
use super::step::{Effect, FromHistory, OnConflict, Step};
use crate::document::DocumentRef;
use crate::message::{Assignment, DeadLetter, Delivery, Task};
use crate::reason::Reason;
use crate::record::VisitRecord;
use crate::state::{FileState, Outcome, Status};
use crate::time::Timestamp;

/// What happened to the file that a dead letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLettered {
    /// It left its stage by `failed`, now or because of an earlier copy of the letter; the letter is parked.
    Failed,
    /// The letter never had any effect; it is parked.
    WithoutEffect,
    /// It went on without this letter, which is not parked, since a redrive would only send the file through
    /// the stage once more.
    Superseded,
}

impl DeadLettered {
    fn by(reason: Option<Reason>) -> Self {
        match reason {
            Some(Reason::DeadLettered) => Self::Failed,
            _ => Self::Superseded,
        }
    }

    /// Carries out the effects, and then parks the letter if it is of use to somebody.
    fn after(self, mut effects: Vec<Effect>, letter: &DeadLetter) -> Step<Self> {
        if self != Self::Superseded {
            effects.push(Effect::Park(Box::new(letter.clone())));
        }
        Step::Do(effects, self)
    }
}

/// Decides on a dead-lettered assignment. `history` answers an earlier [`Step::AskHistory`].
///
/// A file that an exit has already put into the stage leaves it by `failed`. If the assignment has opened
/// its delivery, that delivery's message is sent again, because perhaps only sending it had failed. Any
/// other file is at rest where it was, and its assignment is only parked.
#[must_use]
pub fn dead_letter_assignment_step(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    letter: &DeadLetter,
    state: Option<&FileState>,
    history: &FromHistory,
    now: Timestamp,
) -> Step<DeadLettered> {
    let Some(state) = state else {
        return DeadLettered::WithoutEffect.after(Vec::new(), letter);
    };
    let (visit_id, document) = (visit_id_of(assignment), assignment.document.as_ref());
    if state.visit.id == visit_id && !opened_by(state, assignment) {
        // The dispatcher would have rejected this assignment.
        return Step::Do(Vec::new(), DeadLettered::Superseded);
    }
    let is_here = state.visit.id == visit_id;
    match (state.status, &state.delivery) {
        (Status::Assigned, _) if is_here => {
            let opened = FileState {
                version: state.version,
                ..queue(assignment, state, now)
            };
            failed(workflow, &opened, archive_of(state), document, letter, now)
        }
        (Status::Queued | Status::Sending, Some(open)) if is_here => {
            let again = send_after(message_again(assignment, open), now.until(open.next_at));
            Step::Do(vec![again], DeadLettered::Superseded)
        }
        _ => {
            let missing = missing_after_exit(visit_id, document, state, history);
            over(missing, visit_id, state, letter)
        }
    }
}

/// Decides on a dead-lettered delivery: an internal error may fail a file but never lose it. `history` answers an
/// earlier [`Step::AskHistory`].
#[must_use]
pub fn dead_letter_step(
    workflow: Option<&Workflow>,
    message: &Delivery,
    letter: &DeadLetter,
    state: Option<&FileState>,
    history: &FromHistory,
    now: Timestamp,
) -> Step<DeadLettered> {
    let Some(state) = state else {
        return without_effect(message, letter);
    };
    let (delivery_id, document) = (message.delivery_id, message.document.as_ref());
    let open = state
        .delivery
        .as_ref()
        .filter(|d| d.delivery_id == delivery_id && d.outcome.is_none());
    let Some(open) = open else {
        return match missing_after_exit(delivery_id, document, state, history) {
            Missing::NoVisit if state.visit.id != delivery_id => without_effect(message, letter),
            missing => over(missing, delivery_id, state, letter),
        };
    };
    if !matches!(message.task, Task::Attempt(attempt) if attempt >= open.attempt) {
        // This attempt is recorded; only the message of the next one can be missing.
        let due = message.for_attempt(open.attempt);
        let again = send_after(due, now.until(open.next_at));
        return Step::Do(vec![again], DeadLettered::Superseded);
    }
    match open.lease_until {
        Some(until) if state.status == Status::Sending && until >= now => Step::Wait(until),
        _ => failed(workflow, state, None, document, letter, now),
    }
}

/// A check is not worth parking.
fn without_effect(message: &Delivery, letter: &DeadLetter) -> Step<DeadLettered> {
    match message.task {
        Task::Check {} => Step::Do(Vec::new(), DeadLettered::Superseded),
        Task::Attempt(_) => DeadLettered::WithoutEffect.after(Vec::new(), letter),
    }
}

/// The letter's visit is over.
fn over(
    missing: Missing,
    visit_id: uuid::Uuid,
    state: &FileState,
    letter: &DeadLetter,
) -> Step<DeadLettered> {
    match missing {
        Missing::Unknown => Step::AskHistory(visit_id),
        Missing::Effects(effects, reason) => DeadLettered::by(reason).after(effects, letter),
        Missing::NoVisit if state.visit.id == visit_id => {
            Step::Do(Vec::new(), DeadLettered::Superseded)
        }
        Missing::NoVisit => DeadLettered::WithoutEffect.after(Vec::new(), letter),
    }
}

/// The file leaves by `failed`.
fn failed(
    workflow: Option<&Workflow>,
    state: &FileState,
    archive: Option<VisitRecord>,
    document: Option<&DocumentRef>,
    letter: &DeadLetter,
    now: Timestamp,
) -> Step<DeadLettered> {
    let (outcome, reason) = (Outcome::Failed, Some(Reason::DeadLettered));
    let Some(closed) = close(workflow, state, outcome, reason, document, now) else {
        return Step::Do(Vec::new(), DeadLettered::Superseded);
    };
    let closed = Closed { archive, ..closed };
    let effects = closed.effects(document, None, OnConflict::DecideAgain);
    DeadLettered::Failed.after(effects, letter)
}
