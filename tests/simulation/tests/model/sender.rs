//! What `usecase::send` does, as effects.

use std::time::Duration;

use delivery::machine::{Closed, NextStep, SendDecision, claim, decide_send, record_attempt};
use delivery::ports::{Answer, FileLeft};
use delivery::usecase::LEASE_MARGIN;
use delivery::{Assignment, Delivery, FileState, Visit, VisitRecord};
use uuid::Uuid;

use super::breaks::Break;
use super::clock::{NOW, TIMEOUT, past};
use super::dispatcher::{assign, deliver};
use super::end::End;
use super::fact::Fact;
use super::small::Small;
use super::worker::{At, Effect, OnConflict};
use super::world::Record;

/// What follows from the record. `claim_id` is one that no other claim has.
pub(crate) fn decide(
    model: &Small,
    message: &Delivery,
    record: Option<&Record>,
    claim_id: Uuid,
) -> At {
    let Some(record) = record else {
        return At::Doing(vec![Effect::Return]);
    };
    let message = taken(model, message, record);
    match decide_send(&message, record, NOW) {
        SendDecision::Claim => At::Claiming(claimed(model, record, claim_id)),
        SendDecision::LeaseHeld(_) => At::Doing(vec![Effect::Return]),
        SendDecision::Reenqueue { .. } | SendDecision::ReenqueueAssignment { .. }
            if model.is_broken(Break::NeverEmitsAgain) =>
        {
            At::Doing(vec![Effect::Acknowledge])
        }
        SendDecision::Reenqueue { delivery, delay } => At::Doing(vec![
            deliver(*delivery, delay > Duration::ZERO),
            Effect::Acknowledge,
        ]),
        SendDecision::ReenqueueAssignment { assignment, left } => {
            let mut effects = emitted_again(model, left.as_deref(), Some(*assignment));
            effects.push(Effect::Acknowledge);
            At::Doing(effects)
        }
        SendDecision::Done(left) => {
            let mut effects = emitted_again(model, left.as_deref(), None);
            effects.push(Effect::Acknowledge);
            At::Doing(effects)
        }
        SendDecision::NeedsHistory => {
            let mut effects = republished_exit(model, message.delivery_id);
            effects.push(Effect::Acknowledge);
            At::Doing(effects)
        }
    }
}

fn taken(model: &Small, message: &Delivery, record: &Record) -> Delivery {
    let mut taken = message.clone();
    if let Some(open) = &record.delivery
        && model.is_broken(Break::AttemptNotCompared)
    {
        taken.attempt = open.attempt;
    }
    taken
}

fn claimed(model: &Small, record: &Record, claim_id: Uuid) -> Record {
    let lease_until = NOW.plus(TIMEOUT + LEASE_MARGIN);
    let mut next = claim(record, claim_id, lease_until, NOW);
    if let Some(delivery) = next.delivery.as_mut() {
        if model.is_broken(Break::NoLease) {
            delivery.lease_until = None;
        } else if model.is_broken(Break::ShortLease) {
            delivery.lease_until = Some(past());
        }
    }
    Fact::new(next)
}

/// Whether the claim still allows its call. The caller's deadline counts from this check, so that
/// check and call are one step.
pub(crate) fn may_call(model: &Small, claimed: &FileState) -> bool {
    let is_checked = !model.is_broken(Break::CallsAfterLease)
        && !model.is_broken(Break::NoLease)
        && !model.is_broken(Break::ShortLease);
    let lease = claimed.delivery.as_ref().and_then(|d| d.lease_until);
    !is_checked || lease.is_some_and(|until| NOW.plus(TIMEOUT) < until)
}

/// What follows from the answer to the claimed attempt.
pub(crate) fn record(model: &Small, message: &Delivery, claimed: &Record, status: u16) -> At {
    let answer = Answer {
        result: Ok(status),
        retry_after: None,
        duration: Duration::ZERO,
        request_bytes: 0,
        response_excerpt: String::new(),
        detail: None,
    };
    let mut config = model.config(message.stage_id).cloned();
    if let Some(delays) = config.as_mut().and_then(|c| c.retry_delays.as_mut())
        && model.is_broken(Break::OneRetryMore)
    {
        delays.extend(delays.last().copied());
    }
    let workflow = Some(&model.workflow);
    let attempted = record_attempt(
        workflow,
        config.as_ref(),
        claimed,
        message,
        &answer,
        NOW,
        NOW,
    );
    let Some(attempted) = attempted else {
        return At::Doing(vec![Effect::Return]);
    };
    let mut effects = Vec::new();
    if let Some(failed) = &attempted.record {
        let attempt = failed.summary.attempt;
        effects.push(Effect::KeepAttempt(failed.delivery_id, attempt));
    }
    match attempted.next_step {
        NextStep::Retry { next, delivery } => {
            let due = next.delivery.as_ref().map_or(NOW, |d| d.next_at);
            effects.push(Effect::Write(Fact::new(*next), OnConflict::GiveUp));
            effects.push(deliver(*delivery, due > NOW));
        }
        NextStep::Close(closed) => effects.extend(finished(model, *closed, OnConflict::GiveUp)),
    }
    effects.push(Effect::Acknowledge);
    At::Doing(model.in_its_order(effects))
}

/// What `usecase::finish` does.
pub(crate) fn finished(model: &Small, closed: Closed, on_conflict: OnConflict) -> Vec<Effect> {
    let mut archive = closed.archive;
    if model.is_broken(Break::ExitWritesHistory) && closed.assignment.is_some() {
        archive = belief(&closed.next);
    }
    let mut effects = Vec::new();
    effects.extend(archive.map(|visit| Effect::KeepVisit(Fact::new(visit))));
    if model.is_broken(Break::ExitApart) {
        effects.push(Effect::Write(exit_only(&closed.next), on_conflict));
        let mut entry = closed.next;
        entry.version += 1;
        effects.push(Effect::Write(Fact::new(entry), on_conflict));
    } else {
        effects.push(Effect::Write(Fact::new(closed.next), on_conflict));
    }
    effects.extend(emitted(Some(&closed.left), closed.assignment));
    effects
}

/// What `usecase::emit` does.
fn emitted(left: Option<&FileLeft>, assignment: Option<Assignment>) -> Vec<Effect> {
    let announce = left.map(|left| Effect::Announce(End::told(left)));
    assignment.map(assign).into_iter().chain(announce).collect()
}

/// The same, of an exit that was written before.
pub(crate) fn emitted_again(
    model: &Small,
    left: Option<&FileLeft>,
    assignment: Option<Assignment>,
) -> Vec<Effect> {
    let left = left.filter(|_| !model.is_broken(Break::ForgetsToAnnounceAgain));
    emitted(left, assignment)
}

/// What `usecase::republish_exit` does.
pub(crate) fn republished_exit(model: &Small, visit: Uuid) -> Vec<Effect> {
    if model.is_broken(Break::ForgetsToAnnounceAgain) || model.is_broken(Break::AsksNoHistory) {
        return Vec::new();
    }
    vec![Effect::AnnounceAgain(visit)]
}

/// The delivery as a record has it that is not written yet, and may never be.
fn belief(next: &FileState) -> Option<VisitRecord> {
    let delivery = next.delivery.clone()?;
    let visit = Visit {
        id: delivery.delivery_id,
        stage_id: delivery.stage_id,
        sequence: delivery.sequence,
        entered_at: delivery.opened_at,
        assigned_by: delivery.assigned_by.clone(),
        assignee: None,
    };
    Some(VisitRecord {
        key: next.key.clone(),
        workflow_id: next.workflow_id,
        version: next.version,
        visit,
        delivery: Some(delivery),
    })
}

/// The record as it ends the visit, and does not open the next.
fn exit_only(next: &FileState) -> Record {
    let mut exit = next.clone();
    if let Some(delivery) = &exit.delivery {
        exit.visit.id = delivery.delivery_id;
        exit.visit.stage_id = delivery.stage_id;
        exit.visit.sequence = delivery.sequence;
    }
    exit.status = delivery::Status::Waiting;
    Fact::new(exit)
}
