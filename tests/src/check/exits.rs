//! Invariant 6: every delivery leaves by one edge, and the file's visits follow from it.

use std::collections::BTreeMap;

use delivery::{DeliveryState, FileState, Reason, Visit};
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
