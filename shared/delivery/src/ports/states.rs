use std::future::Future;

use super::PortError;
use crate::state::{FileKey, FileState};

/// Why a conditional write did not succeed.
#[derive(Debug)]
pub enum WriteError {
    /// Somebody else wrote first; this is the current record.
    Conflict(Option<Box<FileState>>),
    /// The engine failed; the write may or may not have happened.
    Port(PortError),
}

/// The state records. Reads are strongly consistent, and writes are conditional.
pub trait FileStates: Send + Sync {
    /// Reads a file's record.
    fn get(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Option<FileState>, PortError>> + Send;

    /// Writes `next` if the record still has version `next.version - 1` (or does not exist, if that is 0).
    fn put(&self, next: &FileState) -> impl Future<Output = Result<(), WriteError>> + Send;
}
