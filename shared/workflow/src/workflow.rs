use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use crate::duration;
use crate::stage::{Stage, StageKind};
use crate::webhook::WebhookConfig;

/// A V7 workflow, without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its stages, in the order of the export.
    pub stages: Vec<Stage>,
    /// The rest of the export, without `stages`.
    pub(crate) raw: Value,
}

/// The workflow has no such stage, or it is not a Webhook stage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a Webhook stage of the workflow")]
pub struct NotAWebhookStage(pub Uuid);

impl Workflow {
    /// The stage with this id.
    #[must_use]
    pub fn stage(&self, id: Uuid) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id == id)
    }

    /// The entry stage: the one marked `initial`, or else the Dataset stage.
    #[must_use]
    pub fn entry(&self) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.initial).or_else(|| {
            self.stages
                .iter()
                .find(|stage| stage.kind == StageKind::Dataset)
        })
    }

    /// The stage that the entry leads to.
    #[must_use]
    pub fn first_after_entry(&self) -> Option<&Stage> {
        let edges = &self.entry()?.edges;
        edges
            .iter()
            .find_map(|edge| self.stage(edge.target_stage_id?))
    }

    /// The Webhook stage nearest to the entry.
    #[must_use]
    pub fn first_webhook(&self) -> Option<&Stage> {
        self.reachable()
            .into_iter()
            .find(|stage| stage.webhook.is_some())
    }

    /// The Webhook stages, with their settings.
    pub fn webhook_stages(&self) -> impl Iterator<Item = (&Stage, &WebhookConfig)> {
        self.stages
            .iter()
            .filter_map(|stage| Some((stage, stage.webhook.as_ref()?)))
    }

    /// The stage that `edge` leads to; none if there is no such edge, or it is not connected.
    #[must_use]
    pub fn next(&self, stage_id: Uuid, edge: &str) -> Option<&Stage> {
        let edges = &self.stage(stage_id)?.edges;
        let found = edges.iter().find(|candidate| candidate.name == edge)?;
        self.stage(found.target_stage_id?)
    }

    /// The stages that a file can reach, nearest to the entry first.
    pub(crate) fn reachable(&self) -> Vec<&Stage> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        let mut waiting: VecDeque<_> = self.entry().into_iter().collect();
        while let Some(stage) = waiting.pop_front() {
            if seen.insert(stage.id) {
                found.push(stage);
                waiting.extend(
                    stage
                        .edges
                        .iter()
                        .filter_map(|edge| self.stage(edge.target_stage_id?)),
                );
            }
        }
        found
    }

    /// The workflow as V7's JSON, with a `secret_ref` in place of each Webhook stage's secrets. Unknown fields
    /// are kept.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        let mut document = self.raw.clone();
        if let Value::Object(fields) = &mut document {
            let stages = self.stages.iter().map(|stage| stage.raw.clone()).collect();
            fields.insert("stages".to_owned(), Value::Array(stages));
        }
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// Changes a Webhook stage's URL. It is not checked here, but at import and at each call.
    ///
    /// # Errors
    /// [`NotAWebhookStage`].
    pub fn set_webhook_url(&mut self, stage_id: Uuid, url: &str) -> Result<(), NotAWebhookStage> {
        // Like the import does it, so that what is stored is read back the same.
        let url = url.trim();
        self.configure(stage_id, "url", Value::from(url), |webhook| {
            url.clone_into(&mut webhook.url)
        })
    }

    /// Replaces a Webhook stage's retry schedule, with one retry for each delay.
    ///
    /// # Errors
    /// [`NotAWebhookStage`].
    pub fn set_retry_delays(
        &mut self,
        stage_id: Uuid,
        delays: &[Duration],
    ) -> Result<(), NotAWebhookStage> {
        let value = delays.iter().copied().map(duration::write).collect();
        self.configure(stage_id, "max_retries", Value::Null, |webhook| {
            webhook.max_retries = None
        })?;
        self.configure(stage_id, "retry_delays", value, |webhook| {
            webhook.retry_delays = Some(delays.to_vec());
        })
    }

    /// Sets the reference to where a Webhook stage's secrets are stored.
    ///
    /// # Errors
    /// [`NotAWebhookStage`].
    pub fn set_secret_ref(
        &mut self,
        stage_id: Uuid,
        reference: &crate::SecretRef,
    ) -> Result<(), NotAWebhookStage> {
        self.configure(
            stage_id,
            "secret_ref",
            Value::from(reference.0.as_str()),
            |webhook| {
                webhook.secret_ref = Some(reference.clone());
            },
        )
    }

    fn configure(
        &mut self,
        stage_id: Uuid,
        field: &str,
        value: Value,
        change: impl FnOnce(&mut WebhookConfig),
    ) -> Result<(), NotAWebhookStage> {
        let stage = self.stages.iter_mut().find(|stage| stage.id == stage_id);
        let stage = stage.ok_or(NotAWebhookStage(stage_id))?;
        let webhook = stage.webhook.as_mut().ok_or(NotAWebhookStage(stage_id))?;
        change(webhook);
        if let Some(Value::Object(config)) = stage.raw.get_mut("config") {
            config.insert(field.to_owned(), value);
        }
        Ok(())
    }
}
