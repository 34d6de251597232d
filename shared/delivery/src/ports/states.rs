use std::future::Future;

use super::PortError;
use crate::state::{FileKey, FileState};

/// What a conditional write found.
#[derive(Debug)]
pub enum WriteError {
    /// Somebody else wrote first; this is what the record holds now.
    Conflict(Option<Box<FileState>>),
    /// The engine failed; the write may or may not have happened.
    Port(PortError),
}

/// The state records. Reads are strongly consistent, writes conditional.
pub trait FileStates: Send + Sync {
    /// Reads a file's record.
    fn get(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Option<FileState>, PortError>> + Send;

    /// Writes `next` if the record still has version `next.version - 1` (is absent when that is 0).
    fn put(&self, next: &FileState) -> impl Future<Output = Result<(), WriteError>> + Send;
}
