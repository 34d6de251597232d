//! What `usecase::dead_letter` and its handler do, and the audit's repair, as effects.

use std::time::Duration;

use delivery::machine::{
    DeadLetterDecision, PendingMessage, decide_dead_letter, decide_dead_letter_assignment, pending,
};
use delivery::{FileState, Reason};

use super::breaks::Break;
use super::clock::{NOW, past};
use super::dispatcher::{assign, deliver};
use super::sender::{emitted_again, finished, republished_exit};
use super::small::Small;
use super::worker::{At, Effect, OnConflict};
use super::world::{Body, Record};

/// What follows from the record for a dead letter.
pub(crate) fn decide(model: &Small, body: &Body, record: Option<&Record>) -> At {
    let buried = [Effect::Park, Effect::Acknowledge];
    let Some(record) = record else {
        return At::Doing(buried.into());
    };
    let workflow = Some(&model.workflow);
    let state = unleased(model, record);
    let decision = match body {
        Body::Assignment(assignment, _) => {
            decide_dead_letter_assignment(workflow, assignment, &state, NOW)
        }
        Body::Delivery(message) => decide_dead_letter(workflow, message, &state, NOW),
    };
    if is_silenced(model, body, &decision) {
        return At::Doing(buried.into());
    }
    let is_parked = is_parked(&decision);
    let mut effects = match decision {
        DeadLetterDecision::LeaseHeld => return At::Doing(vec![Effect::Return]),
        DeadLetterDecision::Done(left) => emitted_again(model, left.as_deref(), None),
        DeadLetterDecision::NeedsHistory => {
            let mut effects = republished_exit(model, body.visit());
            let only_looks = matches!(body, Body::Delivery(message) if message.attempt == 0);
            if state.visit.id != body.visit() && !only_looks {
                effects.push(Effect::ParkUnseen);
            }
            effects
        }
        DeadLetterDecision::Reenqueue { delivery, delay } => {
            vec![deliver(*delivery, delay > Duration::ZERO)]
        }
        DeadLetterDecision::ReenqueueAssignment { assignment, left } => {
            emitted_again(model, left.as_deref(), Some(*assignment))
        }
        DeadLetterDecision::Close(closed) => finished(model, *closed, OnConflict::DecideAgain),
    };
    effects.extend(is_parked.then_some(Effect::Park));
    effects.push(Effect::Acknowledge);
    At::Doing(model.in_its_order(effects))
}

/// Whether the visit ended, or ends, because of the letter.
fn is_parked(decision: &DeadLetterDecision) -> bool {
    match decision {
        DeadLetterDecision::Close(_) => true,
        DeadLetterDecision::Done(left) | DeadLetterDecision::ReenqueueAssignment { left, .. } => {
            let reason = left.as_ref().and_then(|left| left.reason);
            reason == Some(Reason::DeadLettered)
        }
        _ => false,
    }
}

fn is_silenced(model: &Small, body: &Body, decision: &DeadLetterDecision) -> bool {
    let announces = matches!(
        decision,
        DeadLetterDecision::Done(_) | DeadLetterDecision::NeedsHistory
    );
    let assigns = matches!(decision, DeadLetterDecision::ReenqueueAssignment { .. });
    match body {
        Body::Delivery(_) => announces && model.is_broken(Break::DeadDeliveriesAnnounceNothing),
        Body::Assignment(..) => {
            (announces || assigns) && model.is_broken(Break::DeadAssignmentsEmitNothing)
        }
    }
}

fn unleased(model: &Small, record: &Record) -> FileState {
    let mut state = FileState::clone(record);
    if let Some(delivery) = state.delivery.as_mut()
        && model.is_broken(Break::DeadLettersIgnoreLease)
    {
        delivery.lease_until = delivery.lease_until.map(|_| past());
    }
    state
}

/// What an audit sends again that takes every file whose step is due for a stuck one.
pub(crate) fn audit(record: Option<&Record>) -> At {
    let found = record.and_then(|record| pending(record));
    let mut effects = Vec::new();
    if let Some(found) = found.filter(|found| found.due <= NOW) {
        effects.push(match found.message {
            PendingMessage::Assignment(assignment) => assign(*assignment),
            PendingMessage::Delivery(delivery) => deliver(*delivery, false),
        });
    }
    effects.push(Effect::Acknowledge);
    At::Doing(effects)
}
