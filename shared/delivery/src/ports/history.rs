use std::future::Future;

use uuid::Uuid;

use super::PortError;
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::FileKey;

/// What is kept of a file's history when its record is written.
#[derive(Clone, Debug)]
pub enum Archived {
    /// See [`History::visit`].
    Visit(Box<VisitRecord>),
    /// See [`History::attempt`].
    Attempt(Box<AttemptRecord>),
}

/// The history of files, kept in addition to the state records. Every write is idempotent by its key.
pub trait History: Send + Sync {
    /// Stores a failed attempt under (delivery, attempt). It is ignored if one with a higher `version` is
    /// already stored.
    fn attempt(&self, record: &AttemptRecord)
    -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores a finished visit under its id. It is ignored if one with a higher `version` is already stored.
    fn visit(&self, record: &VisitRecord) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores either.
    fn keep(&self, archived: &Archived) -> impl Future<Output = Result<(), PortError>> + Send {
        async move {
            match archived {
                Archived::Visit(visit) => self.visit(visit).await,
                Archived::Attempt(attempt) => self.attempt(attempt).await,
            }
        }
    }

    /// The finished visit with this id.
    fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> impl Future<Output = Result<Option<VisitRecord>, PortError>> + Send;

    /// Stores a rejected assignment under (assignment, actor's role).
    fn rejection(&self, record: &Rejection) -> impl Future<Output = Result<(), PortError>> + Send;
}
