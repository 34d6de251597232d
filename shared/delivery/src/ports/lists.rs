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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Files that rest in one of these stages, or last failed at one. All stages that are of interest belong into one
    /// listing, because an engine may have to read every record for it.
    pub stages: Vec<Uuid>,
    /// Only files whose last webhook (of one of these stages) failed, wherever they rest now.
    pub failed: bool,
}

/// Lists for people. Eventually consistent.
pub trait Lists: Send + Sync {
    /// Files at rest, at most `limit` (1 to 1,000) a page, oldest first; where every record is read for it, only each
    /// page by itself is in order. A page may be empty although there are more.
    fn at_rest(
        &self,
        listing: &Listing,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<FileState>, PortError>> + Send;

    /// Whether every record is read for this listing.
    fn reads_all_records(&self, _listing: &Listing) -> bool {
        false
    }

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
