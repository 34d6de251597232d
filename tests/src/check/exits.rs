//! Invariants 5 and 6: every delivery ends as the receiver said, by one edge, and the file's visits
//! follow from it.

use std::collections::BTreeMap;

use delivery::{DeliveryState, FileState, Outcome, Reason, Visit};
use uuid::Uuid;
use workflow::Actor;

use super::{Call, Evidence, Violations};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    let mut by_delivery: BTreeMap<Uuid, Vec<&Call>> = BTreeMap::new();
    for call in &evidence.calls {
        by_delivery.entry(call.delivery_id).or_default().push(call);
    }
    for (_, delivery) in evidence.deliveries() {
        let calls = by_delivery.get(&delivery.delivery_id);
        let calls = calls.map_or(&[][..], Vec::as_slice);
        ended_as_answered(delivery, found);
        recorded_as_made(delivery, calls, found);
        took_its_edge(evidence, delivery, found);
        was_announced(evidence, delivery, found);
    }
    for file in &evidence.files {
        visits_follow(evidence, file, found);
    }
}

fn ended_as_answered(delivery: &DeliveryState, found: &mut Violations) {
    let Some(outcome) = delivery.outcome else {
        return;
    };
    let last = delivery.attempts.last().and_then(|attempt| attempt.status);
    let said_yes = last.is_some_and(|status| (200..300).contains(&status));
    if said_yes != (outcome == Outcome::Succeeded) {
        let id = delivery.delivery_id;
        found.add(6, format!("{id}: {outcome:?} after {last:?}"));
    }
}

fn recorded_as_made(delivery: &DeliveryState, calls: &[&Call], found: &mut Violations) {
    let id = delivery.delivery_id;
    for (number, attempt) in (1..).zip(&delivery.attempts) {
        if attempt.attempt != number {
            let is = attempt.attempt;
            found.add(5, format!("{id}: attempt {number} is recorded as {is}"));
        }
        // An attempt that found no connection was seen by nobody.
        let must_be_seen = attempt.status.is_some() || attempt.reason == Some(Reason::Timeout);
        let is_seen = calls
            .iter()
            .any(|call| call.attempt == attempt.attempt && call.status == attempt.status);
        if must_be_seen && !is_seen {
            let status = attempt.status;
            found.add(
                5,
                format!(
                    "{id}: attempt {number} is recorded with {status:?}, which nobody answered"
                ),
            );
        }
    }
    if delivery.outcome == Some(Outcome::Succeeded) {
        let made = calls.iter().map(|call| call.attempt).max().unwrap_or(0);
        let recorded = delivery.attempts.len();
        if usize::try_from(made).unwrap() != recorded {
            found.add(
                5,
                format!("{id}: {made} attempts made, {recorded} recorded"),
            );
        }
    }
}

/// At least once. A file that was stopped on its way in has not left.
fn was_announced(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let has_left = delivery.outcome.is_some() && delivery.reason != Some(Reason::HopLimit);
    let Some(announced) = evidence.announced.as_ref().filter(|_| has_left) else {
        return;
    };
    let id = delivery.delivery_id;
    if !announced.contains(&id) {
        found.add(1, format!("{id}: its end was not announced"));
    }
}

/// The edge of its outcome, or none where that edge leads nowhere.
fn took_its_edge(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let Some(outcome) = delivery.outcome else {
        return;
    };
    let edge = evidence.workflow.next(delivery.stage_id, outcome.edge());
    let expected = edge
        .map(|stage| stage.id)
        .filter(|_| delivery.reason != Some(Reason::HopLimit));
    if delivery.moved_to != expected {
        let (id, to) = (delivery.delivery_id, delivery.moved_to);
        found.add(6, format!("{id}: {outcome:?}, but moved to {to:?}"));
    }
}

/// Every visit is on record, once; and after a delivery that left by an edge comes the visit to where
/// the edge leads.
fn visits_follow(evidence: &Evidence<'_>, file: &FileState, found: &mut Violations) {
    let key = &file.key;
    let past = evidence.visits.iter().filter(|visit| visit.key == *key);
    let mut visits: BTreeMap<u32, (Uuid, Option<&Visit>, Option<&DeliveryState>)> = past
        .map(|past| {
            let visit = (past.visit.id, Some(&past.visit), past.delivery.as_ref());
            (past.visit.sequence, visit)
        })
        .collect();
    if let Some(delivery) = &file.delivery {
        let visit = (delivery.delivery_id, None, Some(delivery));
        visits.entry(delivery.sequence).or_insert(visit).2 = Some(delivery);
    }
    let last = file.visit.sequence;
    let current = visits.entry(last).or_insert((file.visit.id, None, None));
    current.1 = Some(&file.visit);
    if current.0 != file.visit.id {
        found.add(6, format!("{key}: two visits have the number {last}"));
    }
    let numbers: Vec<u32> = visits.keys().copied().collect();
    if numbers != (1..=last).collect::<Vec<_>>() {
        found.add(6, format!("{key}: the visits {numbers:?} are on record"));
    }
    for (sequence, (id, _, delivery)) in &visits {
        let Some(to) = delivery.and_then(|delivery| delivery.moved_to) else {
            continue;
        };
        let next = visits.get(&(sequence + 1));
        let Some((next_id, next, next_delivery)) = next else {
            found.add(
                6,
                format!("{key}: delivery {id} left, and nothing followed"),
            );
            continue;
        };
        let went = next
            .map(|visit| (visit.stage_id, &visit.assigned_by))
            .or(next_delivery.map(|d| (d.stage_id, &d.assigned_by)));
        let expected = Actor::Workflow { from_visit: *id };
        if went != Some((to, &expected)) {
            found.add(
                6,
                format!("{key}: delivery {id} left for {to}, visit {next_id} followed: {went:?}"),
            );
        }
    }
}
