//! Commands about many items, which the queue carries out.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use delivery::ports::{Outgoing, PortErrorKind};
use delivery::{BulkAssignment, ItemFilter, MAX_NAMED};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::filter::Filters;
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::number::Number;
use crate::path::{InTeam, OnlyOnce};
use crate::principal::Principal;
use crate::refused::{Forbidden, InvalidBody, Missing, Refused};
use crate::request::{json, new_id};
use crate::respond::{Answer, ok};
use crate::workflows::find;

/// Items to put into a stage.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SetStage {
    /// Which items; at least one filter besides `dataset_ids`.
    filters: Filters,
    /// The stage to put them into.
    stage_id: Uuid,
    /// Its workflow.
    workflow_id: Uuid,
}

/// Items to assign to a user, each in the stage that it is in.
#[derive(Deserialize, ToSchema)]
pub(crate) struct AssignItems {
    /// Which items; at least one filter besides `dataset_ids`.
    filters: Filters,
    /// V7's id of the user.
    assignee_id: Number,
    /// The workflow that the items are in.
    workflow_id: Uuid,
}

/// What became of a command.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedCommands {
    /// How many items it concerns; 1 if there are too many to count. It is carried out soon after the answer.
    pub(crate) created_commands: u64,
}

/// Put items into a stage. A Webhook stage fires for each of them.
///
/// The answer comes at once, and the queue carries the command out. Whether a file may be assigned is decided then, and a refusal
/// is among its `visits`.
#[utoipa::path(
    post, path = "/v2/teams/{team}/items/stage", tag = "items", operation_id = "set_stage",
    params(
        InTeam,
        OnlyOnce,
    ),
    request_body = SetStage,
    responses(
        (status = 200, description = "The command is accepted", body = CreatedCommands),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn stage<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_assign()?;
    let wanted: SetStage = json(&headers, &body)?;
    let workflow = find(&*api, &team, &wanted.workflow_id.to_string()).await?;
    let stage = workflow.stage(wanted.stage_id);
    let stage = stage.ok_or_else(|| ApiError::not_found("stage"))?;
    if workflow.entry().is_some_and(|entry| entry.id == stage.id) {
        let message = "items cannot be put back into the workflow's entry stage";
        return Err(ApiError::invalid("stage_id", message));
    }
    let bulk = BulkAssignment {
        command_id: new_id(&headers, &team, "stage")?,
        workflow_id: workflow.id,
        stage_id: Some(stage.id),
        assigned_by: principal.actor(),
        assignee: None,
        filter: filter(&api, &team, wanted.filters).await?,
        after: None,
        team,
    };
    ok(&send(&api, bulk).await?)
}

/// Assign items to a user, in the stage that each is in, if people work there.
#[utoipa::path(
    post, path = "/v2/teams/{team}/items/assign", tag = "items", operation_id = "assign_items",
    params(
        InTeam,
        OnlyOnce,
    ),
    request_body = AssignItems,
    responses(
        (status = 200, description = "The command is accepted", body = CreatedCommands),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn assign<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    let wanted: AssignItems = json(&headers, &body)?;
    if principal.is_worker() && wanted.assignee_id.0 != principal.user_id {
        let message = "a Worker (annotator) can assign files to themselves only";
        return Err(ApiError::forbidden(message));
    }
    let workflow = find(&*api, &team, &wanted.workflow_id.to_string()).await?;
    let human = workflow.stages.iter().filter(|stage| stage.kind.is_human());
    let human: Vec<Uuid> = human.map(|stage| stage.id).collect();
    let mut filter = filter(&api, &team, wanted.filters).await?;
    filter.workflow_id = Some(workflow.id);
    let places = filter.places.get_or_insert_with(|| delivery::Places {
        in_dataset: false,
        stages: human.clone(),
    });
    places.in_dataset = false;
    places.stages.retain(|stage| human.contains(stage));
    let bulk = BulkAssignment {
        command_id: new_id(&headers, &team, "assign")?,
        workflow_id: workflow.id,
        stage_id: None,
        assigned_by: principal.actor(),
        assignee: Some(wanted.assignee_id.0),
        filter,
        after: None,
        team,
    };
    ok(&send(&api, bulk).await?)
}

async fn filter<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    filters: Filters,
) -> Result<ItemFilter, ApiError> {
    if filters.is_empty() {
        let message = "give at least one filter besides dataset_ids";
        return Err(ApiError::invalid("filters", message));
    }
    filters.resolve(&api.store.workflows_of(team).await?)
}

/// Counts the items, and puts the command on its queue.
pub(crate) async fn send<S: Engine, C>(
    api: &Api<S, C>,
    bulk: BulkAssignment,
) -> Result<CreatedCommands, ApiError> {
    let counts = api.store.count_items(&bulk.team, &bulk.filter).await;
    let created_commands = match counts {
        Ok(counts) => counts.values().sum(),
        // The assigner goes through however many there are, a page at a time.
        Err(error) if error.kind == PortErrorKind::TooMany => 1,
        Err(error) => return Err(error.into()),
    };
    if created_commands == 0 {
        return Ok(CreatedCommands { created_commands });
    }
    for part in parts(bulk) {
        let outgoing = Outgoing {
            message: part,
            delay: Duration::ZERO,
        };
        for sent in api.store.send(vec![outgoing]).await {
            sent?;
        }
    }
    Ok(CreatedCommands { created_commands })
}

/// The command in messages that each fit on a queue. Their assignments have ids of their own all the same, because an item is
/// part of them.
fn parts(mut bulk: BulkAssignment) -> Vec<BulkAssignment> {
    let Some(items) = bulk.filter.items.take() else {
        return vec![bulk];
    };
    let chunks = items.chunks(MAX_NAMED).map(|chunk| {
        let mut part = bulk.clone();
        part.filter.items = Some(chunk.to_vec());
        part
    });
    chunks.collect()
}
