use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;
use workflow::Workflow;

use super::{ApiKeys, Items, Operator, PortError, SendMessages};
use crate::bulk::BulkAssignment;
use crate::state::FileKey;

/// What an API needs of an engine, in addition to what an operator does.
pub trait Service: Operator + Items + ApiKeys + SendMessages<BulkAssignment> {
    /// A team's workflows, by name.
    fn workflows_of(
        &self,
        team: &str,
    ) -> impl Future<Output = Result<Vec<Arc<Workflow>>, PortError>> + Send;

    /// A URL that takes an item's document by PUT until it expires, in place of an earlier one; none on an engine that has no
    /// such URLs.
    fn upload_url(
        &self,
        _key: &FileKey,
        _expiry: Duration,
    ) -> impl Future<Output = Result<Option<String>, PortError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Removes a team's workflow, unless files are on their way in it, and returns what became of it. Files at rest in it
    /// stay where they are. An engine may know of registered items only; the delivery of another file then fails
    /// ([`Reason::WorkflowMissing`](crate::Reason::WorkflowMissing)).
    fn remove_workflow(
        &self,
        team: &str,
        id: Uuid,
    ) -> impl Future<Output = Result<Removed, PortError>> + Send;
}

/// What became of a workflow that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is removed.
    Removed,
    /// There is none.
    Missing,
    /// It stays, because files are on their way in it.
    InUse,
}
