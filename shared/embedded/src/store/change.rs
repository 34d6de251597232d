use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change of a file's record or of a message, as the journal keeps it. Each says all that it changes, so that it does
/// no harm to make one twice.
///
/// A later version must be able to read a journal: variants and their fields are only ever added at the end.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Change<'a> {
    /// A file's record.
    #[serde(borrow)]
    State(StateRow<'a>),
    /// A new message.
    Sent {
        /// Its id.
        id: i64,
        /// What it is.
        #[serde(borrow)]
        message: SentRow<'a>,
    },
    /// A message is on this queue, and due, from now on.
    Moved {
        /// Its id.
        id: i64,
        /// Where it is.
        place: MovedRow,
    },
    /// A message is gone.
    Deleted(i64),
}

/// A row of the table `states`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StateRow<'a> {
    pub(crate) team: Cow<'a, str>,
    pub(crate) item_id: Uuid,
    pub(crate) version: i64,
    pub(crate) status: Cow<'a, str>,
    pub(crate) stage_id: Uuid,
    pub(crate) at_rest: bool,
    pub(crate) failed_stage: Option<Uuid>,
    pub(crate) updated_at: i64,
    pub(crate) body: Cow<'a, str>,
}

/// A new row of the table `messages`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SentRow<'a> {
    pub(crate) queue: i64,
    pub(crate) group: Cow<'a, str>,
    pub(crate) visible_at: i64,
    pub(crate) sent_at: i64,
    pub(crate) body: Cow<'a, str>,
}

/// What changes of a row of the table `messages` when it is received, released or becomes a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MovedRow {
    pub(crate) queue: i64,
    pub(crate) visible_at: i64,
    pub(crate) receive_count: u32,
    pub(crate) receipt: Option<i64>,
}

/// Appends a change.
pub(crate) fn write(change: &Change<'_>, buffer: &mut Vec<u8>) -> postcard::Result<()> {
    // Bytes are appended to what is passed in, not to a copy.
    postcard::to_extend(change, std::mem::take(buffer)).map(|extended| *buffer = extended)
}

/// The changes that were appended to a buffer, in order.
pub(crate) fn read(mut bytes: &[u8]) -> impl Iterator<Item = postcard::Result<Change<'_>>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        match postcard::take_from_bytes(bytes) {
            Ok((change, rest)) => {
                bytes = rest;
                Some(Ok(change))
            }
            Err(error) => {
                bytes = &[];
                Some(Err(error))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a version wrote is read by the next one.
    #[test]
    fn a_change_is_read_as_it_was_written() {
        let state = StateRow {
            team: "acme".into(),
            item_id: Uuid::from_u128(1),
            version: 3,
            status: "queued".into(),
            stage_id: Uuid::from_u128(2),
            at_rest: false,
            failed_stage: Some(Uuid::from_u128(3)),
            updated_at: -1,
            body: "{}".into(),
        };
        let message = SentRow {
            queue: 1,
            group: "g".into(),
            visible_at: 5,
            sent_at: 4,
            body: "b".into(),
        };
        let place = MovedRow {
            queue: 3,
            visible_at: i64::MAX,
            receive_count: 2,
            receipt: Some(i64::MIN),
        };
        let changes = [
            Change::State(state),
            Change::Sent { id: 7, message },
            Change::Moved { id: 7, place },
            Change::Deleted(7),
        ];
        let mut bytes = Vec::new();
        for change in &changes {
            write(change, &mut bytes).unwrap();
        }
        let found: Result<Vec<_>, _> = read(&bytes).collect();
        assert_eq!(found.unwrap(), changes);
        bytes.pop();
        assert!(read(&bytes).last().unwrap().is_err());
        // The form itself: it must not change.
        assert_eq!(bytes[..7], [0, 4, b'a', b'c', b'm', b'e', 16]);
    }
}
