use std::future::Future;

use uuid::Uuid;

use super::PortError;
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::FileKey;

/// What happened, beside the state. Every write is idempotent by its key.
pub trait History: Send + Sync {
    /// Keeps a failed attempt, by (delivery, attempt); one with a lower `version` than what is kept is
    /// dropped.
    fn attempt(&self, record: &AttemptRecord)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Keeps a finished visit, by its id; one with a lower `version` than what is kept is dropped.
    fn visit(&self, record: &VisitRecord) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Whether a finished visit with this id is kept.
    fn has_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// A finished visit, by its id.
    fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> impl Future<Output = Result<Option<VisitRecord>, PortError>> + Send;

    /// Keeps a rejected assignment, by (assignment, actor's role).
    fn rejection(&self, record: &Rejection) -> impl Future<Output = Result<(), PortError>> + Send;
}
