use std::future::Future;

use uuid::Uuid;

use super::PortError;
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::FileKey;

/// The history of files, kept in addition to the state records. Every write is idempotent by its key.
pub trait History: Send + Sync {
    /// Stores a failed attempt under (delivery, attempt). It is ignored if one with a higher `version` is
    /// already stored.
    fn attempt(&self, record: &AttemptRecord)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores a finished visit under its id. It is ignored if one with a higher `version` is already stored.
    fn visit(&self, record: &VisitRecord) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The finished visit with this id.
    fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> impl Future<Output = Result<Option<VisitRecord>, PortError>> + Send;

    /// Stores a rejected assignment under (assignment, actor's role).
    fn rejection(&self, record: &Rejection) -> impl Future<Output = Result<(), PortError>> + Send;
}
