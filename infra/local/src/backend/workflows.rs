use std::sync::Arc;

use delivery::ports::{Operator, PortError, Workflows};
use uuid::Uuid;
use workflow::{Stage, StageLookupError, Workflow};

use crate::cli::WithinArgs;
use crate::error::Error;

/// The workflows that a command may be about, each once: the one that the arguments name, or all.
pub(crate) async fn meant(
    operator: &impl Operator,
    within: &WithinArgs,
) -> Result<Vec<Arc<Workflow>>, Error> {
    if let (Some(team), Some(id)) = (&within.team, within.workflow) {
        return Ok(vec![stored(operator, team, id).await?]);
    }
    let mut found: Vec<Arc<Workflow>> = Vec::new();
    for (team, id) in operator.workflows().await? {
        if within.workflow.is_none_or(|wanted| wanted == id)
            && found.iter().all(|workflow| workflow.id != id)
            && let Some(workflow) = operator.records().workflow(&team, id).await?
        {
            found.push(workflow);
        }
    }
    match within.workflow {
        Some(id) if found.is_empty() => Err(Error::Usage(format!(
            "--workflow {id}: the state directory does not have it"
        ))),
        _ => Ok(found),
    }
}

/// The team that is named, or else all that have the workflow.
pub(crate) async fn teams_of(
    operator: &impl Operator,
    named: Option<&String>,
    workflow_id: Uuid,
) -> Result<Vec<String>, PortError> {
    if let Some(team) = named {
        return Ok(vec![team.clone()]);
    }
    let known = operator.workflows().await?.into_iter();
    let known = known.filter(|(_, id)| *id == workflow_id);
    Ok(known.map(|(team, _)| team).collect())
}

/// Reads a deployment's workflow that must exist.
pub(crate) async fn stored(
    operator: &impl Operator,
    team: &str,
    id: Uuid,
) -> Result<Arc<Workflow>, Error> {
    let found = operator.records().workflow(team, id).await?;
    found.ok_or_else(|| not_stored(team, id))
}

/// The error that a deployment does not have the team's workflow.
pub(crate) fn not_stored(team: &str, id: Uuid) -> Error {
    Error::Usage(format!(
        "--workflow {id}: the team {team} has no such workflow here; store it with `webhook-stage workflow put --aws --team {team} FILE`"
    ))
}

/// The error that none of the workflows has the stage, with the stages that they have.
pub(crate) fn no_such_stage(wanted: &str, workflows: &[Arc<Workflow>]) -> Error {
    let stages = workflows.iter().flat_map(|workflow| &workflow.stages);
    StageLookupError::unknown(wanted, stages).into()
}

/// The Webhook stage that the arguments name, searched for in all workflows that are meant. It is an error if
/// several have it.
pub(crate) async fn webhook_stage(
    operator: &impl Operator,
    wanted: &str,
    within: &WithinArgs,
) -> Result<(Arc<Workflow>, Stage), Error> {
    webhook_stage_of(&meant(operator, within).await?, wanted)
}

/// The Webhook stage that is wanted, searched for in these workflows. It is an error if several have it.
pub(crate) fn webhook_stage_of(
    all: &[Arc<Workflow>],
    wanted: &str,
) -> Result<(Arc<Workflow>, Stage), Error> {
    let mut found: Vec<(Arc<Workflow>, Stage)> = Vec::new();
    let mut error = None;
    for workflow in all {
        match workflow.find_stage(wanted) {
            Ok(stage) if stage.webhook.is_some() => {
                found.push((Arc::clone(workflow), stage.clone()));
            }
            Ok(stage) => error = Some(no_webhook_stage(stage)),
            Err(StageLookupError::Unknown { .. }) => {}
            Err(lookup) => error = error.or(Some(lookup.into())),
        }
    }
    if found.len() > 1 {
        let names = found.iter().map(|(workflow, _)| {
            let (name, id) = (&workflow.name, workflow.id);
            format!("\"{name}\" ({id})")
        });
        return Err(Error::Usage(format!(
            "--stage: several workflows have a Webhook stage \"{wanted}\": {}; choose one with --workflow ID",
            names.collect::<Vec<_>>().join(", ")
        )));
    }
    found.pop().ok_or_else(|| {
        error.unwrap_or_else(|| match all.is_empty() {
            false => no_such_stage(wanted, all),
            true => Error::Usage("no workflow is stored".to_owned()),
        })
    })
}

fn no_webhook_stage(stage: &Stage) -> Error {
    Error::Usage(format!(
        "--stage: \"{}\" is not a Webhook stage",
        stage.name
    ))
}

/// The stage to assign to: the one that is wanted, or else the workflow's first Webhook stage.
pub(crate) fn stage_of<'a>(
    workflow: &'a Workflow,
    wanted: Option<&str>,
) -> Result<&'a Stage, Error> {
    match wanted {
        Some(wanted) => Ok(workflow.find_stage(wanted)?),
        None => workflow.first_webhook().ok_or_else(|| {
            Error::Usage(format!(
                "the workflow \"{}\" has no Webhook stage that can be reached; name a stage with --stage",
                workflow.name
            ))
        }),
    }
}
