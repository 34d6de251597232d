use std::future::Future;

use super::{Page, PortError};
use crate::state::FileState;

/// A part of all files, so that a large table can be looked through bit by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanSegment {
    /// Which part, from 0.
    pub number: u32,
    /// Of how many, at least 1.
    pub of: u32,
}

impl ScanSegment {
    /// All files.
    pub const ALL: Self = Self { number: 0, of: 1 };
}

/// A file that is not at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedFile {
    /// Its record.
    pub state: FileState,
    /// Whether a message about it is on a queue, where the engine can tell: SQS cannot be searched.
    pub has_message: Option<bool>,
}

/// Finds files that are not at rest, for the audit. Eventually consistent. It may read every record:
/// that is its price, and the happy path pays nothing for it.
pub trait Unfinished: Send + Sync {
    /// A page of them, in no order. A page may be empty and not the last. A record that cannot be
    /// read is an error of its own, and keeps no other from being found.
    fn unfinished(
        &self,
        segment: ScanSegment,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Result<UnfinishedFile, PortError>>, PortError>> + Send;
}
