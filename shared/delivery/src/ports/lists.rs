use std::future::Future;

use uuid::Uuid;

use super::PortError;
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::{FileKey, FileState};

/// One page of a listing.
#[derive(Debug)]
pub struct Page<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// The token to ask for the next page with; none at the end.
    pub next: Option<String>,
}

/// Which files at rest to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Files that rest in this stage, or last failed at it.
    pub stage_id: Uuid,
    /// Only files whose last webhook (of this stage) failed, wherever they rest now.
    pub failed: bool,
}

/// Lists for people. Eventually consistent.
pub trait Lists: Send + Sync {
    /// Files at rest, at most `limit` (1 to 1,000) a page, oldest first.
    fn at_rest(
        &self,
        listing: Listing,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<FileState>, PortError>> + Send;

    /// A file's finished visits, oldest first. The newest delivery is in the state record; where both have a
    /// delivery, the record is right.
    fn visits(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Vec<VisitRecord>, PortError>> + Send;

    /// A file's failed attempts, oldest first.
    fn attempts(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Vec<AttemptRecord>, PortError>> + Send;

    /// A file's rejected assignments, oldest first.
    fn rejections(
        &self,
        key: &FileKey,
    ) -> impl Future<Output = Result<Vec<Rejection>, PortError>> + Send;
}
