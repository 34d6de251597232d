//! Invariant 1: an end is announced at least once, only after it is on record, and as the record has it.

use std::collections::{BTreeMap, BTreeSet};

use delivery::{DeliveryState, FileLeft, Reason};
use uuid::Uuid;

use super::{Evidence, Violations};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    let Some(announcements) = evidence.announced.as_ref() else {
        return;
    };
    let deliveries = evidence.deliveries().into_iter();
    let deliveries: BTreeMap<Uuid, &DeliveryState> = deliveries
        .map(|(_, delivery)| (delivery.delivery_id, delivery))
        .collect();
    for left in announcements {
        announced(left, deliveries.get(&left.delivery_id).copied(), found);
        if left.workflow_id != evidence.workflow.id {
            let (id, of) = (left.delivery_id, left.workflow_id);
            found.add(1, format!("{id}: announced for the workflow {of}"));
        }
    }
    let told: BTreeSet<Uuid> = announcements.iter().map(|left| left.delivery_id).collect();
    for (id, delivery) in deliveries {
        // A file that was stopped on its way in has not left.
        let has_left = delivery.outcome.is_some() && delivery.reason != Some(Reason::HopLimit);
        if has_left && !told.contains(&id) {
            found.add(1, format!("{id}: its end was not announced"));
        }
    }
}

/// Judges an announcement by the delivery that record or history have at that time.
pub fn announced(left: &FileLeft, known: Option<&DeliveryState>, found: &mut Violations) {
    let id = left.delivery_id;
    let Some(known) = known else {
        found.add(1, format!("{id}: announced, and not on record"));
        return;
    };
    let attempts = u32::try_from(known.attempts.len()).unwrap();
    let on_record = (
        known.outcome,
        known.reason,
        known.stage_id,
        known.moved_to,
        attempts,
        known.ended_at,
    );
    let told = (
        Some(left.outcome),
        left.reason,
        left.stage_id,
        left.moved_to,
        left.attempts,
        Some(left.at),
    );
    if told != on_record {
        found.add(
            1,
            format!("{id}: announced as {told:?}, on record as {on_record:?}"),
        );
    }
}
