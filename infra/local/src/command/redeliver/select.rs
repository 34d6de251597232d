//! Chooses the files that are sent again, and the stage and workflow that they are sent to.

use std::collections::HashSet;
use std::sync::Arc;

use delivery::ports::{Listing, PortError};
use delivery::{FileKey, FileState};
use embedded::Engine;
use uuid::Uuid;
use workflow::{Actor, Stage, StageLookupError, Workflow};

use crate::backend::store::Store;
use crate::backend::unfinished::under_way;
use crate::backend::workflows::{no_such_stage, workflows};
use crate::command::visits::Visit;
use crate::error::Error;
use crate::intake::assignment::again;
use crate::terminal::output::say;
use crate::terminal::report;

/// The Webhook stage that the arguments name, searched for in all workflows of a state directory. It is an
/// error if several have it.
pub(super) async fn find(
    engine: &Engine,
    wanted: &str,
    workflow_id: Option<Uuid>,
) -> Result<(Arc<Workflow>, Stage), Error> {
    let mut found: Vec<(Arc<Workflow>, Stage)> = Vec::new();
    let mut error = None;
    let mut all = workflows(engine).await?;
    all.retain(|workflow| workflow_id.is_none_or(|id| workflow.id == id));
    for workflow in &all {
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
        error.unwrap_or_else(|| match workflow_id {
            _ if !all.is_empty() => no_such_stage(wanted, &all),
            Some(id) => Error::Usage(format!(
                "--workflow {id}: the state directory does not have it"
            )),
            None => Error::Usage("the state directory holds no workflow".to_owned()),
        })
    })
}

pub(in crate::command) fn no_webhook_stage(stage: &Stage) -> Error {
    Error::Usage(format!(
        "--stage: \"{}\" is not a Webhook stage",
        stage.name
    ))
}

/// The teams that have the workflow.
pub(super) async fn teams_of(engine: &Engine, workflow: &Workflow) -> Result<Vec<String>, Error> {
    let known = engine.workflows().await?.into_iter();
    let known = known.filter(|(_, id)| *id == workflow.id);
    Ok(known.map(|(team, _)| team).collect())
}

/// New visits for the files whose last webhook failed at this stage; or, where items are named, for those,
/// whatever their outcome.
pub(in crate::command) async fn choose(
    store: &impl Store,
    teams: &[String],
    workflow: &Workflow,
    stage: &Stage,
    items: &[Uuid],
) -> Result<Vec<Visit>, Error> {
    let mut visits = Vec::new();
    if items.is_empty() {
        for state in failed(store, workflow, stage).await? {
            visits.push(new_visit(store, workflow, stage, &state).await?);
        }
        return Ok(visits);
    }
    let mut seen = HashSet::new();
    for item in items.iter().filter(|item| seen.insert(**item)) {
        let Some(state) = find_item(store, teams, workflow, *item).await? else {
            return Err(Error::Usage(format!(
                "--item {item}: the workflow \"{}\" has no such file",
                workflow.name
            )));
        };
        if state.status.is_at_rest() {
            visits.push(new_visit(store, workflow, stage, &state).await?);
        } else if let Some(visit) = current_visit(store, stage, &state).await? {
            say!(
                "--item {item}: the file is still on its way from an earlier visit to this stage, so it is not sent again"
            );
            visits.push(visit);
        } else {
            return Err(Error::Usage(format!(
                "--item {item}: the file is on its way; it can be sent again once it is at rest"
            )));
        }
    }
    Ok(visits)
}

/// Visits to the stage that an earlier command opened and whose files are still in the stage, or still on
/// their way from it.
pub(super) async fn under_way_here(
    engine: &Engine,
    workflow: &Workflow,
    stage: &Stage,
) -> Result<Vec<Visit>, PortError> {
    let mut visits = Vec::new();
    for state in under_way(engine).await? {
        if state.workflow_id == workflow.id {
            visits.extend(current_visit(engine, stage, &state).await?);
        }
    }
    Ok(visits)
}

async fn failed(
    store: &impl Store,
    workflow: &Workflow,
    stage: &Stage,
) -> Result<Vec<FileState>, PortError> {
    let listing = Listing {
        stage_id: stage.id,
        failed: true,
    };
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = store.at_rest(listing, after.as_deref(), 1000).await?;
        // A copy of a workflow has the same stage ids.
        let rows = page.rows.into_iter();
        found.extend(rows.filter(|state| state.workflow_id == workflow.id));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

async fn find_item(
    store: &impl Store,
    teams: &[String],
    workflow: &Workflow,
    item_id: Uuid,
) -> Result<Option<FileState>, PortError> {
    for team in teams {
        let key = FileKey {
            team: team.clone(),
            item_id,
        };
        let state = store.get(&key).await?;
        if let Some(state) = state.filter(|state| state.workflow_id == workflow.id) {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

async fn new_visit(
    store: &impl Store,
    workflow: &Workflow,
    stage: &Stage,
    state: &FileState,
) -> Result<Visit, PortError> {
    let name = store.name(&state.key).await?;
    Ok(Visit::opened_by(again(workflow.id, stage.id, state), name))
}

/// The visit to `stage` that the file is in, or from which the workflow has moved it on, without a person,
/// to where it is now.
async fn current_visit(
    store: &impl Store,
    stage: &Stage,
    state: &FileState,
) -> Result<Option<Visit>, PortError> {
    let mut id = (state.visit.stage_id == stage.id).then_some(state.visit.id);
    let mut by = &state.visit.assigned_by;
    let past = report::deliveries(store, state).await?;
    let mut past = past.iter().rev();
    while let (None, Actor::Workflow { .. }, Some(delivery)) = (id, by, past.next()) {
        id = (delivery.stage_id == stage.id).then_some(delivery.delivery_id);
        by = &delivery.assigned_by;
    }
    let Some(id) = id else {
        return Ok(None);
    };
    Ok(Some(Visit {
        key: state.key.clone(),
        name: store.name(&state.key).await?,
        id,
        assignment: None,
    }))
}
