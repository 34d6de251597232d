//! What one write of a record may do, checked as it happens where all writes can be observed.

use delivery::FileState;

use super::Violations;

/// Judges a write by the record before it and after it.
pub fn written(before: Option<&FileState>, after: &FileState, found: &mut Violations) {
    let key = &after.key;
    let version = before.map_or(0, |state| state.version);
    if after.version != version + 1 {
        let what = format!("{key}: version {} after {version}", after.version);
        found.add(2, what);
    }
    let sequence = before.map_or(0, |state| state.visit.sequence);
    let is_next = after.visit.sequence == sequence + 1;
    let is_same = before.is_some_and(|state| state.visit == after.visit);
    if !is_next && !is_same {
        let next = after.visit.sequence;
        found.add(6, format!("{key}: visit {sequence} was followed by {next}"));
    }
    let Some(new) = after.delivery.as_ref() else {
        return;
    };
    let delivery_id = new.delivery_id;
    let old = before.and_then(|state| state.delivery.as_ref());
    let had_ended = old.filter(|old| old.delivery_id == delivery_id && old.outcome.is_some());
    if let Some(old) = had_ended {
        // Whatever is written about the file: as long as the record has an end, it is the same end.
        if old != new {
            let what = format!("{key}: delivery {delivery_id} is not what it was at its end");
            found.add(6, what);
        }
    } else if new.outcome.is_some() {
        // The write that ends a delivery opens the visit to where the file goes: in between, it
        // would be in two stages or in none.
        if new.moved_to.unwrap_or(new.stage_id) != after.visit.stage_id {
            let what = format!("{key}: delivery {delivery_id} ended, its file went nowhere");
            found.add(6, what);
        }
    }
}
