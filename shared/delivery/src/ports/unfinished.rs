use std::future::Future;

use super::{Page, PortError};
use crate::state::FileState;

/// A segment of all files, so that a large table can be looked through in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScanSegment {
    /// The number of this segment, from 0.
    pub number: u32,
    /// The number of all segments, at least 1.
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
    /// Whether a message about it is on a queue, if the engine can tell; SQS cannot be searched.
    pub has_message: Option<bool>,
}

/// Finds files that are not at rest, for the audit. Eventually consistent. It may have to read every record,
/// but in return it costs deliveries nothing.
pub trait Unfinished: Send + Sync {
    /// A page of them, in no particular order. An empty page need not be the last. A record that cannot be
    /// read is an error of its own, and does not keep others from being found.
    fn unfinished(
        &self,
        segment: ScanSegment,
        after: Option<&str>,
    ) -> impl Future<Output = Result<Page<Result<UnfinishedFile, PortError>>, PortError>> + Send;
}
