use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::PortError;

/// The workflows.
pub trait Workflows: Send + Sync {
    /// The workflow as it is now (adapters may cache for at most a few seconds: an edited URL takes
    /// effect at the next attempt).
    fn workflow(
        &self,
        team: &str,
        workflow_id: Uuid,
    ) -> impl Future<Output = Result<Option<Arc<Workflow>>, PortError>> + Send;
}

/// How fresh a secret must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A cached value will do (5 minutes at most).
    Cached,
    /// Read again: the receiver answered 401 or 403, so the value may have been rotated.
    Latest,
}

/// The stages' secrets.
pub trait Secrets: Send + Sync {
    /// A stage's secrets; none when nothing is stored under the reference.
    fn stage_secrets(
        &self,
        team: &str,
        reference: &SecretRef,
        freshness: Freshness,
    ) -> impl Future<Output = Result<Option<StageSecrets>, PortError>> + Send;
}
