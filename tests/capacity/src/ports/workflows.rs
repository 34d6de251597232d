//! What is read through a cache.

use std::sync::Arc;

use delivery::ports::{Freshness, PortError, Secrets, Workflows};
use tokio::time::{Instant, sleep};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::Environment;
use crate::aws;
use crate::lock::lock;

impl Workflows for Environment {
    async fn workflow(&self, _team: &str, _id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        let read = *lock(&self.workflow_read);
        if read.is_none_or(|read| read.elapsed() > aws::WORKFLOW_AGE) {
            sleep(aws::DYNAMODB).await;
            *lock(&self.workflow_read) = Some(Instant::now());
        }
        Ok(Some(Arc::clone(&self.model.workflow)))
    }
}

/// Stages have no secrets here. On AWS they are read every five minutes.
impl Secrets for Environment {
    async fn stage_secrets(
        &self,
        _team: &str,
        _reference: &SecretRef,
        _freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        Ok(Some(StageSecrets::default()))
    }
}
