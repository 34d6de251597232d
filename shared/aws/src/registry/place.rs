//! Where an item is in its team's list.

use delivery::FileKey;
use uuid::Uuid;

/// How many partitions a team's items are spread over. Each takes 1,000 writes and 3,000 reads a second.
pub(super) const SHARDS: u8 = 16;

/// The shard of an item: its id's last digit, which is random. The first digits of V7's ids are a time, so that by them all
/// items of a day would be in one partition.
pub(super) fn shard(id: Uuid) -> u8 {
    id.as_bytes()[15] & 0x0f
}

/// The order of lists.
pub(super) fn place(id: Uuid) -> (u8, Uuid) {
    (shard(id), id)
}

pub(super) fn partition(team: &str, shard: u8) -> String {
    format!("ITEM#{team}#{shard:x}")
}

pub(super) fn partition_of(key: &FileKey) -> String {
    partition(&key.team, shard(key.item_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_digit_of_an_id_is_its_shard() {
        let id = Uuid::parse_str("0192f3a4-8b1c-7d2e-9f00-00000000000c").unwrap();
        let team = "t".to_owned();
        assert_eq!(partition_of(&FileKey { team, item_id: id }), "ITEM#t#c");
        assert!(shard(Uuid::max()) < SHARDS);
    }
}
