use std::time::Duration;

use uuid::Uuid;

use crate::state::{FileKey, Status};

/// A stuck file: not at rest, and without a message that would make its next step happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The file.
    pub key: FileKey,
    /// The stage it is in.
    pub stage_id: Uuid,
    /// Its status in its visit.
    pub status: Status,
    /// How long its next step is past due.
    pub past_due: Duration,
    /// Whether its message was sent again.
    pub repaired: bool,
}

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Files that are not at rest.
    pub unfinished: u64,
    /// How long the most overdue file is past due; zero if none is.
    pub oldest: Duration,
    /// The stuck files.
    pub stuck: Vec<Stuck>,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Records that only a later version can read. Their messages wait for it.
    pub newer: u64,
}
