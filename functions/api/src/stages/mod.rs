//! The Webhook stages of a workflow: tested, paused, and their failed files sent again.

pub(crate) mod hold;
pub(crate) mod redeliver;
pub(crate) mod test;

use std::sync::Arc;

use uuid::Uuid;
use workflow::{Stage, WebhookConfig, Workflow};

use crate::api::{Api, Engine};
use crate::error::ApiError;
use crate::request::uuid;

/// A workflow and one of its Webhook stages.
pub(crate) struct Found {
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) id: Uuid,
}

impl Found {
    pub(crate) fn stage(&self) -> Result<(&Stage, &WebhookConfig), ApiError> {
        let stage = self.workflow.stage(self.id);
        let webhook = stage.and_then(|stage| Some((stage, stage.webhook.as_ref()?)));
        webhook.ok_or_else(|| ApiError::not_found("Webhook stage"))
    }
}

pub(crate) async fn webhook_stage<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    workflow: &str,
    stage: &str,
) -> Result<Found, ApiError> {
    let found = Found {
        workflow: crate::workflows::find(api, team, workflow).await?,
        id: uuid("stage_id", stage)?,
    };
    found.stage()?;
    Ok(found)
}
