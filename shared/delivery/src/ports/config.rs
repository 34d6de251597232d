use std::future::Future;
use std::sync::Arc;

use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::PortError;

/// The workflows.
pub trait Workflows: Send + Sync {
    /// The current workflow. Adapters may cache it for a few seconds at most, because an edited URL must take
    /// effect at the next attempt.
    fn workflow(
        &self,
        team: &str,
        workflow_id: Uuid,
    ) -> impl Future<Output = Result<Option<Arc<Workflow>>, PortError>> + Send;
}

/// How fresh a secret must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// A cached value may be used, if it is at most 5 minutes old.
    Cached,
    /// The value must be read again: the receiver answered 401 or 403, so it may have been rotated.
    Latest,
}

/// The stages' secrets.
pub trait Secrets: Send + Sync {
    /// A stage's secrets; none if nothing is stored under the reference.
    fn stage_secrets(
        &self,
        team: &str,
        reference: &SecretRef,
        freshness: Freshness,
    ) -> impl Future<Output = Result<Option<StageSecrets>, PortError>> + Send;
}
