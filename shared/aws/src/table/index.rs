//! The keys of the indexes, and a record's entries in them.

use delivery::{FileKey, FileState, Outcome};
use uuid::Uuid;

use super::item::text;
use aws_sdk_dynamodb::types::AttributeValue;

/// How many keys a stage has in an index, by the version of the keys. Each key takes 1,000 writes a second
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>), and one at its
/// limit throttles the table as well.
///
/// Writes use the last version, and lists read all of them. So another number is another version, and entries of
/// earlier versions are still found; a version must never change.
const VERSIONS: [Version; 2] = [
    Version {
        prefix: "",
        parts: 4,
    },
    Version {
        prefix: "2#",
        parts: 16,
    },
];

struct Version {
    prefix: &'static str,
    parts: u8,
}

impl Version {
    fn key(&self, stage_id: Uuid, part: u8) -> String {
        format!("{}{stage_id}#{part}", self.prefix)
    }
}

/// An index, and the attributes that are its keys.
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) name: &'static str,
    pub(super) pk: &'static str,
    pub(super) sk: &'static str,
}

/// Files whose last webhook failed, by the stage of that webhook.
pub(super) const FAILED: Index = Index {
    name: "failed",
    pk: "failed_pk",
    sk: "failed_sk",
};

/// Files at rest, by the stage they rest in; only with `IndexFilesAtRest`.
pub(super) const AT_REST: Index = Index {
    name: "at-rest",
    pk: "rest_pk",
    sk: "rest_sk",
};

impl Index {
    fn entry(self, stage_id: Uuid, state: &FileState) -> [(String, AttributeValue); 2] {
        [
            (self.pk.to_owned(), text(written_key(stage_id, &state.key))),
            (self.sk.to_owned(), text(order(state))),
        ]
    }
}

/// The attributes by which the indexes have a record; `at_rest` says whether there is the index of files at rest.
pub(super) fn entries(state: &FileState, at_rest: bool) -> Vec<(String, AttributeValue)> {
    let mut entries = Vec::new();
    if !state.status.is_at_rest() {
        return entries;
    }
    if at_rest {
        entries.extend(AT_REST.entry(state.visit.stage_id, state));
    }
    let delivery = state.delivery.as_ref();
    if let Some(failed) = delivery.filter(|d| d.outcome == Some(Outcome::Failed)) {
        entries.extend(FAILED.entry(failed.stage_id, state));
    }
    entries
}

/// All keys under which entries of a stage can be.
pub(super) fn keys(stage_id: Uuid) -> impl Iterator<Item = String> {
    VERSIONS
        .iter()
        .flat_map(move |version| (0..version.parts).map(move |part| version.key(stage_id, part)))
}

/// The key under which a file's entry is written: one of the last version's, by the item.
fn written_key(stage_id: Uuid, key: &FileKey) -> String {
    let [.., last] = &VERSIONS;
    last.key(stage_id, key.item_id.as_bytes()[15] % last.parts)
}

/// A record's place in a listing. It is unique, and padded so that it sorts by time.
pub(super) fn order(state: &FileState) -> String {
    let millis = state.updated_at.as_millis().max(0);
    format!("{millis:015}#{}#{}", state.key.item_id, state.key.team)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn keys_of_every_version_are_read_and_those_of_the_last_written() {
        let stage = Uuid::from_u128(7);
        let read: Vec<String> = keys(stage).collect();
        for part in 0..4 {
            assert!(read.contains(&format!("{stage}#{part}")), "version 1");
        }
        assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), 20);
        let written: BTreeSet<String> = (0..64)
            .map(|item| {
                let item_id = Uuid::from_u128(item);
                let team = "t".to_owned();
                written_key(stage, &FileKey { team, item_id })
            })
            .collect();
        assert_eq!(written.len(), 16);
        assert!(
            written
                .iter()
                .all(|key| key.starts_with("2#") && read.contains(key))
        );
    }
}
