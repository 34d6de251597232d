//! Invariant 6: every delivery leaves by one edge, and the file's visits follow from it.

use std::collections::BTreeMap;

use delivery::{DeliveryState, FileState, Outcome, Reason, Visit};
use uuid::Uuid;
use workflow::Actor;

use super::{Evidence, Violations};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    for (_, delivery) in evidence.deliveries() {
        took_its_edge(evidence, delivery, found);
    }
    for file in &evidence.files {
        visits_follow(evidence, file, found);
    }
}

/// The edge of its outcome, or none where that edge leads nowhere.
fn took_its_edge(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let Some(outcome) = delivery.outcome else {
        return;
    };
    let next = |edge| evidence.workflow.next(delivery.stage_id, edge);
    let edge = match outcome {
        Outcome::Skipped => next("skipped").or_else(|| next("succeeded")),
        Outcome::Succeeded | Outcome::Failed => next(outcome.edge()),
    };
    let expected = edge
        .map(|stage| stage.id)
        .filter(|_| delivery.reason != Some(Reason::HopLimit));
    if delivery.moved_to != expected {
        let (id, to) = (delivery.delivery_id, delivery.moved_to);
        found.add(6, format!("{id}: {outcome:?}, but moved to {to:?}"));
    }
}

/// A visit as it is known from anywhere: history, the record's delivery, the record's visit.
#[derive(Default)]
struct Known<'a> {
    id: Uuid,
    visit: Option<&'a Visit>,
    delivery: Option<&'a DeliveryState>,
}

/// By number: two different visits with the same number cannot both be right, whatever their source.
fn by_number<'a>(
    evidence: &'a Evidence<'_>,
    file: &'a FileState,
    found: &mut Violations,
) -> BTreeMap<u32, Known<'a>> {
    let key = &file.key;
    let past = evidence.visits.iter().filter(|visit| visit.key == *key);
    let past = past.map(|past| {
        let (visit, delivery) = (Some(&past.visit), past.delivery.as_ref());
        (past.visit.sequence, past.visit.id, visit, delivery)
    });
    let current = file.delivery.iter();
    let current = current.map(|d| (d.sequence, d.delivery_id, None, Some(d)));
    let here = (file.visit.sequence, file.visit.id, Some(&file.visit), None);
    let mut visits: BTreeMap<u32, Known<'a>> = BTreeMap::new();
    for (number, id, visit, delivery) in past.chain(current).chain([here]) {
        let known = visits.entry(number).or_insert_with(|| Known {
            id,
            ..Known::default()
        });
        if known.id != id {
            found.add(6, format!("{key}: two visits have the number {number}"));
            continue;
        }
        // What comes later knows more: the record is right where both know a visit.
        known.visit = visit.or(known.visit);
        known.delivery = delivery.or(known.delivery);
    }
    visits
}

/// Every visit is on record, once; and after a delivery that left by an edge comes the visit to where
/// the edge leads.
fn visits_follow(evidence: &Evidence<'_>, file: &FileState, found: &mut Violations) {
    let key = &file.key;
    let visits = by_number(evidence, file, found);
    let last = file.visit.sequence;
    let numbers: Vec<u32> = visits.keys().copied().collect();
    if numbers != (1..=last).collect::<Vec<_>>() {
        found.add(6, format!("{key}: the visits {numbers:?} are on record"));
    }
    for (number, known) in &visits {
        let id = known.id;
        let Some(to) = known.delivery.and_then(|delivery| delivery.moved_to) else {
            continue;
        };
        let Some(next) = visits.get(&(number + 1)) else {
            found.add(
                6,
                format!("{key}: delivery {id} left, and nothing followed"),
            );
            continue;
        };
        let by_visit = next.visit.map(|v| (v.stage_id, &v.assigned_by));
        let by_delivery = next.delivery.map(|d| (d.stage_id, &d.assigned_by));
        let went = by_visit.or(by_delivery);
        let expected = Actor::Workflow { from_visit: id };
        if went != Some((to, &expected)) {
            let next = next.id;
            found.add(
                6,
                format!("{key}: delivery {id} left for {to}, visit {next} followed: {went:?}"),
            );
        }
    }
}
