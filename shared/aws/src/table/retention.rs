//! How long records and history are kept.

use std::time::SystemTime;

use delivery::{FileState, Status, Timestamp};

use super::item::{Item, number};

/// The attribute by which DynamoDB deletes an item some days after its time, at no cost
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>).
const TTL: &str = "ttl";

/// For how many days what is kept; none for ever.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retention {
    /// Attempts and rejections, from when they were written.
    pub(super) attempts: Option<u32>,
    /// Records of files that are complete, and visits from when they were moved to the history.
    pub(super) finished: Option<u32>,
}

impl Retention {
    /// An attempt or a rejection. Kept for ever, it would outlive its file's record.
    pub(super) fn attempt(self, item: Item) -> Item {
        expiring(item, self.attempts.or(self.finished))
    }

    /// An earlier visit. It expires by its own age: whether its file is complete would have to be written to it
    /// later, and undone when the file is assigned again.
    pub(super) fn visit(self, item: Item) -> Item {
        expiring(item, self.finished)
    }

    /// A record. One that is put again without the attribute is kept, because the whole item is replaced; the
    /// condition on its version fails if it was deleted in between, and the file is then like one never seen.
    pub(super) fn record(self, item: Item, state: &FileState) -> Item {
        let is_complete = state.status == Status::Complete;
        expiring(item, self.finished.filter(|_| is_complete))
    }
}

fn expiring(mut item: Item, days: Option<u32>) -> Item {
    if let Some(days) = days {
        let now = Timestamp::from(SystemTime::now()).as_secs();
        item.insert(TTL.to_owned(), number(now + i64::from(days) * 24 * 3600));
    }
    item
}
