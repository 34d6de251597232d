//! Chooses the files that are sent again.

use std::collections::HashSet;

use delivery::machine::again;
use delivery::ports::{FileStates, Listing, Operator, PortError};
use delivery::{FileKey, FileState};
use uuid::Uuid;
use workflow::{Actor, Role, Stage, Workflow};

use crate::backend::directory::Directory;
use crate::backend::unfinished::under_way;
use crate::command::visits::{Visit, at_rest};
use crate::error::Error;
use crate::terminal::output::say;
use crate::terminal::report;

/// Whoever can open a state directory, or reach a deployment's queues, operates it.
const OPERATOR: Actor = Actor::User {
    id: None,
    role: Role::Admin,
};

/// New visits for the files whose last webhook failed at this stage; or, where items are named, for those,
/// whatever their outcome.
pub(super) async fn choose(
    operator: &impl Operator,
    teams: &[String],
    workflow: &Workflow,
    stage: &Stage,
    items: &[Uuid],
) -> Result<Vec<Visit>, Error> {
    let mut visits = Vec::new();
    if items.is_empty() {
        let failed = Listing {
            stages: vec![stage.id],
            failed: true,
        };
        for state in at_rest(operator.records(), workflow, &failed).await? {
            visits.push(new_visit(operator, workflow, stage, &state).await?);
        }
        return Ok(visits);
    }
    let mut seen = HashSet::new();
    for item in items.iter().filter(|item| seen.insert(**item)) {
        let Some(state) = find_item(operator, teams, workflow, *item).await? else {
            return Err(Error::Usage(format!(
                "--item {item}: the workflow \"{}\" has no such file",
                workflow.name
            )));
        };
        if state.status.is_at_rest() {
            visits.push(new_visit(operator, workflow, stage, &state).await?);
        } else if let Some(visit) = current_visit(operator, stage, &state).await? {
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
    directory: &Directory,
    workflow: &Workflow,
    stage: &Stage,
) -> Result<Vec<Visit>, PortError> {
    let mut visits = Vec::new();
    for state in under_way(directory).await? {
        if state.workflow_id == workflow.id {
            visits.extend(current_visit(directory, stage, &state).await?);
        }
    }
    Ok(visits)
}

async fn find_item(
    operator: &impl Operator,
    teams: &[String],
    workflow: &Workflow,
    item_id: Uuid,
) -> Result<Option<FileState>, PortError> {
    for team in teams {
        let key = FileKey {
            team: team.clone(),
            item_id,
        };
        let state = operator.records().get(&key).await?;
        if let Some(state) = state.filter(|state| state.workflow_id == workflow.id) {
            return Ok(Some(state));
        }
    }
    Ok(None)
}

async fn new_visit(
    operator: &impl Operator,
    workflow: &Workflow,
    stage: &Stage,
    state: &FileState,
) -> Result<Visit, PortError> {
    let name = operator.name(&state.key).await?;
    let assignment = again(workflow.id, stage.id, state, OPERATOR);
    Ok(Visit::opened_by(assignment, name))
}

/// The visit to `stage` that the file is in, or from which the workflow has moved it on, without a person,
/// to where it is now.
async fn current_visit(
    operator: &impl Operator,
    stage: &Stage,
    state: &FileState,
) -> Result<Option<Visit>, PortError> {
    let mut id = (state.visit.stage_id == stage.id).then_some(state.visit.id);
    let mut by = &state.visit.assigned_by;
    let past = report::deliveries(operator.records(), state).await?;
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
        name: operator.name(&state.key).await?,
        id,
        assignment: None,
    }))
}
