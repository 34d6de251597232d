use delivery::{FileKey, FileState};
use uuid::Uuid;

/// The number of index keys of a stage. It must never change, or earlier entries would not be found.
pub(super) const PARTITIONS: u8 = 4;

/// A stage's key in an index: one of [`PARTITIONS`], by the item.
pub(super) fn index_key(stage_id: Uuid, key: &FileKey) -> String {
    part_key(stage_id, key.item_id.as_bytes()[15] % PARTITIONS)
}

pub(super) fn part_key(stage_id: Uuid, part: u8) -> String {
    format!("{stage_id}#{part}")
}

/// A record's place in a listing. It is unique, and padded so that it sorts by time.
pub(super) fn order(state: &FileState) -> String {
    let millis = state.updated_at.as_millis().max(0);
    format!("{millis:015}#{}#{}", state.key.item_id, state.key.team)
}
