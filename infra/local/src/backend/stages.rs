//! The Webhook stages that an engine knows, with their control records.

use std::sync::Arc;

use delivery::control::{Pause, StageControl, StageKey};
use delivery::ports::{Controls, Operator, PortError, Workflows};
use workflow::{Stage, Workflow};

/// A Webhook stage of a team's workflow.
#[derive(Clone, Debug)]
pub(crate) struct Controlled {
    pub(crate) key: StageKey,
    pub(crate) name: String,
    pub(crate) control: StageControl,
}

impl Controlled {
    /// Whose stage it is, to be told where several teams have it.
    pub(crate) fn of_team(&self, several: bool) -> String {
        match several {
            true => format!(" of {}", self.key.team),
            false => String::new(),
        }
    }

    /// By whom it is paused, since when and why.
    pub(crate) fn why_paused(&self, pause: &Pause) -> String {
        let why = pause.reason.as_deref();
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        format!("by the {}, since {}{why}", pause.by, pause.since)
    }
}

/// The Webhook stages of all stored workflows. On AWS this reads the whole table.
pub(crate) async fn stages(operator: &impl Operator) -> Result<Vec<Controlled>, PortError> {
    let mut found = Vec::new();
    for (team, id) in operator.workflows().await? {
        if let Some(workflow) = operator.records().workflow(&team, id).await? {
            found.extend(stages_of(operator, &team, &workflow, |_| true).await?);
        }
    }
    Ok(found)
}

/// The Webhook stages of a team's workflow that are wanted. Their records are read together with the workflow.
pub(crate) async fn stages_of(
    operator: &impl Operator,
    team: &str,
    workflow: &Arc<Workflow>,
    is_wanted: impl Fn(&Stage) -> bool + Send + Sync,
) -> Result<Vec<Controlled>, PortError> {
    let mut found = Vec::new();
    for (stage, _) in workflow.webhook_stages() {
        if is_wanted(stage) {
            let key = StageKey {
                team: team.to_owned(),
                workflow_id: workflow.id,
                stage_id: stage.id,
            };
            found.push(Controlled {
                control: operator.records().control(&key).await?,
                name: stage.name.clone(),
                key,
            });
        }
    }
    Ok(found)
}
