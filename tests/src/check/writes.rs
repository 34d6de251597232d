//! What one write of a record may do. Seen as it happens, where every write is seen.

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
    let ended = |state: &FileState| {
        let delivery = state.delivery.as_ref()?;
        Some((delivery.delivery_id, delivery.outcome?, delivery.moved_to))
    };
    let Some(exit @ (delivery_id, _, moved_to)) = ended(after) else {
        return;
    };
    let before_exit = before.and_then(ended);
    match before_exit {
        Some(first) if first.0 == delivery_id => {
            if first != exit {
                found.add(6, format!("{key}: delivery {delivery_id} ended twice"));
            }
        }
        _ => {
            // The write that ends a delivery opens the visit to where the file goes: in between, it
            // would be in two stages or in none.
            let here = after.delivery.as_ref().map(|delivery| delivery.stage_id);
            let expected = moved_to.or(here);
            if expected != Some(after.visit.stage_id) {
                let what = format!("{key}: delivery {delivery_id} ended, its file went nowhere");
                found.add(6, what);
            }
        }
    }
}
