//! What `usecase::dispatch` and its handler do, as effects.

use delivery::machine::{DispatchDecision, decide_dispatch, first_message};
use delivery::{Assignment, Delivery, FileState, VisitRecord};
use workflow::{Actor, Role};

use super::breaks::Break;
use super::clock::NOW;
use super::fact::Fact;
use super::small::Small;
use super::worker::{At, Effect, OnConflict};
use super::world::{Body, Queue, Record};

/// What follows from the record, and from what the history says of the visit.
pub(crate) fn decide(
    model: &Small,
    assignment: &Assignment,
    record: Option<&Record>,
    seen: Option<bool>,
) -> At {
    let state = record.map(|record| &**record);
    let believed = believed(model, assignment);
    match decide_dispatch(Some(&model.workflow), &believed, state, seen, NOW) {
        DispatchDecision::Open {
            archive,
            next,
            delivery,
        } => At::Doing(model.in_its_order(opened(archive, *next, Some(*delivery)))),
        DispatchDecision::Rest { archive, next } => {
            At::Doing(model.in_its_order(opened(archive, *next, None)))
        }
        DispatchDecision::Reenqueue(_) if model.is_broken(Break::NeverEmitsAgain) => {
            At::Doing(vec![Effect::Acknowledge])
        }
        DispatchDecision::Reenqueue(delivery) => {
            At::Doing(vec![deliver(*delivery, false), Effect::Acknowledge])
        }
        DispatchDecision::NeedsHistory(visit) => match record {
            Some(record) if seen.is_none() => At::Asking(record.clone(), visit),
            _ => At::Doing(vec![Effect::Acknowledge]),
        },
        DispatchDecision::Done => At::Doing(vec![Effect::Acknowledge]),
        DispatchDecision::Reject(_) => {
            let keep = Effect::KeepRejection(assignment.assignment_id);
            let look = record.map(|_| look_again(assignment));
            At::Doing(
                look.into_iter()
                    .chain([keep, Effect::Acknowledge])
                    .collect(),
            )
        }
    }
}

fn look_again(assignment: &Assignment) -> Effect {
    let look = Delivery {
        attempt: 0,
        ..first_message(assignment)
    };
    deliver(look, true)
}

fn believed(model: &Small, assignment: &Assignment) -> Assignment {
    let mut believed = assignment.clone();
    if let Actor::User { role, .. } = &mut believed.assigned_by
        && model.is_broken(Break::EverybodyIsAdmin)
    {
        *role = Role::Admin;
    }
    believed
}

fn opened(archive: Vec<VisitRecord>, next: FileState, delivery: Option<Delivery>) -> Vec<Effect> {
    let mut effects: Vec<Effect> = archive
        .into_iter()
        .map(|visit| Effect::KeepVisit(Fact::new(visit)))
        .collect();
    effects.push(Effect::Write(Fact::new(next), OnConflict::DecideAgain));
    effects.extend(delivery.map(|delivery| deliver(delivery, false)));
    effects.push(Effect::Acknowledge);
    effects
}

/// Sends a delivery's message.
pub(crate) fn deliver(delivery: Delivery, is_delayed: bool) -> Effect {
    Effect::Send {
        queue: Queue::Deliveries,
        body: Body::Delivery(Fact::new(delivery)),
        is_delayed,
    }
}

/// Sends an assignment.
pub(crate) fn assign(assignment: Assignment) -> Effect {
    Effect::Send {
        queue: Queue::Assignments,
        body: Body::assignment(assignment),
        is_delayed: false,
    }
}
