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

/// The state records. Writes are conditional.
pub trait FileStates: Send + Sync {
    /// Reads a file's record. The read is strongly consistent.
    fn get(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Option<FileState>, PortError>> + Send;

    /// Reads a file's record as it is or was a moment ago, where that is cheaper (on DynamoDB half the price). Nothing
    /// but a conditional write may follow from it.
    fn get_eventual(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Option<FileState>, PortError>> + Send {
        self.get(key)
    }

    /// The record as text that a delivery message carries, so that the sender can claim the attempt without reading the
    /// record first. None where a read costs less than that.
    fn snapshot(&self, _state: &FileState) -> Option<String> {
        None
    }

    /// The record of a [`snapshot`](Self::snapshot). None if it cannot be read; the sender then reads the record.
    fn restore(&self, _key: &FileKey, _snapshot: &str) -> Option<FileState> {
        None
    }

    /// Writes `next` if the record still has version `next.version - 1` (or does not exist, if that is 0).
    fn put(&self, next: &FileState) -> impl Future<Output = Result<(), WriteError>> + Send;
}
