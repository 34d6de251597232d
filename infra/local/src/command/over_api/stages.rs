//! How Webhook stages stand, as the API shows it.

use std::io::Write;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::Workflow;

use crate::backend::remote::Remote;
use crate::error::Error;
use crate::terminal::output::{output, shown};
use crate::terminal::report::print_json;

/// Stages that are asked for at the same time.
const CONCURRENCY: usize = 8;

#[derive(Debug, Deserialize, Serialize)]
pub(super) struct StageState {
    stage_id: Uuid,
    paused: bool,
    paused_since: Option<String>,
    paused_by: Option<String>,
    reason: Option<String>,
    breaker: String,
    breaker_since: Option<String>,
    breaker_reason: Option<String>,
    lane: String,
}

impl StageState {
    fn is_plain(&self) -> bool {
        !self.paused && self.breaker == "closed" && self.lane == "fast"
    }

    pub(super) fn why_paused(&self) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let why = self
            .reason
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        format!(
            "by the {}, since {}{why}",
            text(&self.paused_by),
            text(&self.paused_since)
        )
    }

    /// In one line; empty if the stage is plainly closed.
    pub(super) fn line(&self) -> String {
        let mut parts = Vec::new();
        if self.paused {
            parts.push(format!("paused {}", self.why_paused()));
        }
        if self.breaker != "closed" {
            let breaker = self.breaker.replace('_', "-");
            let since = self.breaker_since.as_deref().unwrap_or_default();
            let why = self.breaker_reason.as_deref().unwrap_or_default();
            parts.push(format!(
                "circuit breaker {breaker}, open since {since}: {why}"
            ));
        }
        if self.lane == "slow" {
            parts.push("in the slow lane: its calls take long".to_owned());
        }
        parts.join("; ")
    }
}

/// A Webhook stage of a workflow, and how it stands.
pub(super) struct Standing {
    pub(super) name: String,
    pub(super) workflow_id: Uuid,
    pub(super) state: StageState,
}

#[derive(Serialize)]
struct Row<'a> {
    stage_control: &'a str,
    team: &'a str,
    workflow_id: Uuid,
    #[serde(flatten)]
    state: &'a StageState,
}

/// How those of the stages stand that are Webhook stages, in order.
pub(super) async fn standing(
    remote: &Remote,
    stages: &[(&Workflow, Uuid)],
) -> Result<Vec<Standing>, Error> {
    let webhooks: Vec<(Uuid, Uuid, String)> = stages
        .iter()
        .filter_map(|(workflow, id)| {
            let stage = workflow
                .stage(*id)
                .filter(|stage| stage.webhook.is_some())?;
            Some((workflow.id, stage.id, stage.name.clone()))
        })
        .collect();
    let asked = stream::iter(webhooks).map(|(workflow_id, id, name)| async move {
        let path = format!("workflows/{workflow_id}/stages/{id}");
        let state = remote.get(&path).await?;
        Ok(Standing {
            name,
            workflow_id,
            state,
        })
    });
    asked.buffered(CONCURRENCY).try_collect().await
}

/// Prints a line for each stage that is not plainly closed.
pub(super) async fn print(
    remote: &Remote,
    stages: &[(&Workflow, Uuid)],
    json: bool,
) -> Result<(), Error> {
    let mut all = standing(remote, stages).await?;
    all.retain(|stage| !stage.state.is_plain());
    if json {
        let rows = all.iter().map(|stage| Row {
            stage_control: &stage.name,
            team: remote.team(),
            workflow_id: stage.workflow_id,
            state: &stage.state,
        });
        return Ok(print_json(&rows.collect::<Vec<_>>())?);
    }
    Ok(output(|out| {
        for stage in &all {
            let line = format!("stage \"{}\": {}", stage.name, stage.state.line());
            writeln!(out, "{}", shown(&line))?;
        }
        Ok(())
    })?)
}
