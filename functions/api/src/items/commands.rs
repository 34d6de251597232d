//! Commands about one item.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use delivery::machine::{again, along};
use delivery::ports::Outgoing;
use delivery::{Assignment, Listed, retry::MAX_MESSAGE_DELAY};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::{Position, RejectReason, may_assign, may_leave};

use super::assign::CreatedCommands;
use super::show::of_team;
use crate::api::{Api, Calls, Engine};
use crate::error::{ApiError, ErrorBody};
use crate::number::Number;
use crate::path::{InTeam, OfItem, OnlyOnce};
use crate::principal::Principal;
use crate::refused::{Forbidden, InvalidBody, Missing, Refused};
use crate::request::{json, new_id};
use crate::respond::{Answer, ok};

/// V7 takes several commands at once; here each request has one.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Commands {
    #[schema(min_items = 1, max_items = 1)]
    commands: Vec<Command>,
}

/// One of V7's commands.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub(crate) enum Command {
    /// Send the item on from its stage by an edge.
    TransitionViaEdge {
        /// The stage that the item is in.
        stage_id: Uuid,
        /// The name of the edge, such as `default`, `approve` or `reject`.
        edge: String,
        /// How long to wait before, in milliseconds; at most 900,000.
        #[serde(default)]
        #[schema(value_type = u64, maximum = 900_000)]
        delay_ms: Number,
    },
    /// Assign the item to a user in a stage where people work.
    Assign {
        /// The stage.
        stage_id: Uuid,
        /// V7's id of the user.
        assignee_id: Number,
        /// The workflow, for an item that is still in its Dataset.
        workflow_id: Option<Uuid>,
    },
    /// Take back what is to be done with the item later: a `transition_via_edge` whose delay is not over.
    Cancel(Option<Nothing>),
}

/// An empty object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Send an item on, assign it, or take back what is to be done with it later.
///
/// A Worker may send on what is assigned to them, and take what the rules let them take.
#[utoipa::path(
    post, path = "/v2/teams/{team}/items/{id}/commands", tag = "items", operation_id = "command_item",
    params(
        InTeam,
        OfItem,
        OnlyOnce,
    ),
    request_body = Commands,
    responses(
        (status = 200, description = "The commands are accepted", body = CreatedCommands),
        (status = 409, description = "The item does not rest in the stage", body = ErrorBody),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn commands<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    let Commands { commands } = json(&headers, &body)?;
    let [command] = <[Command; 1]>::try_from(commands).map_err(|commands| {
        let message = format!(
            "give one command: each begins where the one before has ended, and {} were given",
            commands.len()
        );
        ApiError::invalid("commands", message)
    })?;
    let command_id = new_id(&headers, &team, "command")?;
    // A Worker does not see an item before they have taken it, but may take it by this.
    let listed = of_team(&api, &team, &id).await?;
    let (assignment, delay) = match command {
        Command::TransitionViaEdge {
            stage_id,
            edge,
            delay_ms,
        } => {
            let delay = Duration::from_millis(delay_ms.0);
            if delay > MAX_MESSAGE_DELAY {
                let message = "the longest delay is 900000 ms";
                return Err(ApiError::invalid("commands[0].data.delay_ms", message));
            }
            (
                transition(&api, &principal, &listed, stage_id, &edge).await?,
                delay,
            )
        }
        Command::Assign {
            stage_id,
            assignee_id,
            workflow_id,
        } => {
            let user = (stage_id, assignee_id.0, workflow_id);
            let assignment = assign(&api, &principal, &listed, user, command_id).await?;
            (assignment, Duration::ZERO)
        }
        Command::Cancel(None | Some(Nothing {})) => {
            match cancel(&api, &principal, &listed).await? {
                Some(assignment) => (assignment, Duration::ZERO),
                None => {
                    return ok(&CreatedCommands {
                        created_commands: 0,
                    });
                }
            }
        }
    };
    let outgoing = Outgoing {
        message: assignment,
        delay,
    };
    for sent in api.store.send(vec![outgoing]).await {
        sent?;
    }
    ok(&CreatedCommands {
        created_commands: 1,
    })
}

async fn transition<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    listed: &Listed,
    stage_id: Uuid,
    edge: &str,
) -> Result<Assignment, ApiError> {
    let state = listed.state.as_ref();
    let state = state.filter(|state| state.visit.stage_id == stage_id && state.status.is_at_rest());
    let elsewhere = || {
        let message = "the item does not rest in this stage";
        ApiError::conflict("not_in_stage", message)
    };
    let state = state.ok_or_else(elsewhere)?;
    let workflow = api
        .store
        .workflow(&state.key.team, state.workflow_id)
        .await?;
    let workflow = workflow.ok_or_else(|| ApiError::not_found("workflow"))?;
    let stage = workflow
        .stage(stage_id)
        .ok_or_else(|| ApiError::not_found("stage"))?;
    let (role, user) = (principal.role, principal.user_id);
    may_leave(stage, role, user, state.visit.assignee).map_err(refused)?;
    if !stage.kind.is_human() {
        let message = "only a stage where people work is left by a command: use items/stage";
        return Err(ApiError::invalid("commands[0].data.stage_id", message));
    }
    let along = along(&workflow, state, edge).map(|(_, assignment)| assignment);
    along.ok_or_else(|| {
        let names: Vec<_> = stage.edges.iter().map(|edge| edge.name.as_str()).collect();
        let names = names.join(", ");
        let message = format!("the stage has no edge of this name that leads on; it has {names}");
        ApiError::invalid("commands[0].data.edge", message)
    })
}

/// A new visit to the stage where the item is, for the same user: a command names the visit that it sends the item on from, so
/// those that were given before come too late. None if the item does not rest where people work, since then none waits.
async fn cancel<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    listed: &Listed,
) -> Result<Option<Assignment>, ApiError> {
    let state = listed.state.as_ref();
    let Some(state) = state.filter(|state| state.status.is_at_rest()) else {
        return Ok(None);
    };
    let (team, stage_id) = (&state.key.team, state.visit.stage_id);
    let workflow = api.store.workflow(team, state.workflow_id).await?;
    let found = workflow
        .as_ref()
        .and_then(|workflow| Some((workflow, workflow.stage(stage_id)?)));
    let Some((workflow, stage)) = found.filter(|(_, stage)| stage.kind.is_human()) else {
        return Ok(None);
    };
    let assignee = state.visit.assignee;
    may_leave(stage, principal.role, principal.user_id, assignee).map_err(refused)?;
    let position = Position::At { stage_id, assignee };
    may_assign(workflow, stage, &principal.actor(), &position).map_err(refused)?;
    Ok(Some(Assignment {
        assignee,
        ..again(workflow.id, stage_id, state, principal.actor())
    }))
}

async fn assign<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    listed: &Listed,
    (stage_id, assignee, workflow_id): (Uuid, u64, Option<Uuid>),
    command_id: Uuid,
) -> Result<Assignment, ApiError> {
    if principal.is_worker() && assignee != principal.user_id {
        let message = "a Worker (annotator) can assign files to themselves only";
        return Err(ApiError::forbidden(message));
    }
    let key = &listed.item.key;
    let id = workflow_id.or_else(|| listed.state.as_ref().map(|state| state.workflow_id));
    let id = id.ok_or_else(|| {
        let message = "the item is in its Dataset: name the workflow";
        ApiError::invalid("commands[0].data.workflow_id", message)
    })?;
    let workflow = api.store.workflow(&key.team, id).await?;
    let workflow = workflow.ok_or_else(|| ApiError::not_found("workflow"))?;
    let stage = workflow
        .stage(stage_id)
        .ok_or_else(|| ApiError::not_found("stage"))?;
    if !stage.kind.is_human() {
        let message = "people do not work in this stage: use items/stage";
        return Err(ApiError::invalid("commands[0].data.stage_id", message));
    }
    let here = listed
        .state
        .as_ref()
        .filter(|state| state.workflow_id == id);
    let position = here.map_or(Position::InDataset, |state| Position::At {
        stage_id: state.visit.stage_id,
        assignee: state.visit.assignee,
    });
    // Asked now to tell the requester. The dispatcher asks again when it comes to that.
    may_assign(&workflow, stage, &principal.actor(), &position).map_err(refused)?;
    Ok(Assignment {
        assignment_id: command_id,
        team: key.team.clone(),
        workflow_id: workflow.id,
        stage_id,
        item_id: key.item_id,
        assigned_by: principal.actor(),
        assignee: Some(assignee),
        document: None,
        trace: None,
        waits: 0,
    })
}

fn refused(reason: RejectReason) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, reason.code(), reason.explain())
}
