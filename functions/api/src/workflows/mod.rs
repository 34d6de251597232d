//! A team's workflows.

mod store;
mod view;

use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use bytes::Bytes;
use delivery::ports::Removed;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::api::{Api, Calls, Engine};
use crate::error::{ApiError, ErrorBody};
use crate::path::{InTeam, OfWorkflow, OnlyOnce};
use crate::principal::Principal;
use crate::refused::{Forbidden, Invalid, InvalidBody, Missing, Refused};
use crate::request::{new_id, query, uuid};
use crate::respond::{Answer, created, no_content, ok};

use store::{Given, given, stored};
use view::view;

/// List the team's workflows, by name.
#[utoipa::path(
    get, path = "/v2/teams/{team}/workflows", tag = "workflows", operation_id = "list_workflows",
    params(
        InTeam,
        ("name_contains" = Option<String>, Query, description = "Only workflows whose name has this text"),
    ),
    responses(
        (status = 200, description = "The workflows, as V7 exports them, without secrets", body = [Object]),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn list<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Path(team): Path<String>,
    RawQuery(text): RawQuery,
) -> Result<Answer, ApiError> {
    let mut wanted = None;
    for (name, value) in query(text.as_deref()) {
        match name.as_str() {
            "name_contains" => wanted = Some(value.to_lowercase()),
            // V7's own client asks so for what is not only a Worker's.
            "worker" => {}
            other => {
                return Err(ApiError::invalid(
                    other,
                    format!("{other} is not known here"),
                ));
            }
        }
    }
    let workflows = api.store.workflows_of(&team).await?;
    let found = workflows.iter().filter(|workflow| {
        let is_wanted = |text: &String| workflow.name.to_lowercase().contains(text);
        wanted.as_ref().is_none_or(is_wanted)
    });
    ok(&found
        .map(|workflow| view(&team, workflow))
        .collect::<Value>())
}

/// Store a new workflow.
///
/// The body is a workflow as V7 exports it. Its `id` may be chosen by the client. The secrets in it are stored apart, and no
/// answer shows them again.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows", tag = "workflows", operation_id = "create_workflow",
    params(
        InTeam,
        OnlyOnce,
    ),
    request_body(content = Object, description = "The workflow"),
    responses(
        (status = 201, description = "It is stored", body = Object),
        (status = 200, description = "The same request has stored it before", body = Object),
        (status = 409, description = "The team has a workflow with this id", body = ErrorBody),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn create<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let made = new_id(&headers, &team, "workflow")?;
    let given = given(&headers, &body, Given::New(made))?;
    let id = given.id()?;
    if let Some(known) = api.store.workflow(&team, id).await? {
        if headers.contains_key("idempotency-key") && id == made {
            return ok(&view(&team, &known));
        }
        let message = format!("the team has a workflow {id}: change it with PUT");
        return Err(ApiError::conflict("already_exists", message));
    }
    created(&view(&team, &stored(&api, &team, given, None).await?))
}

/// Show a workflow.
#[utoipa::path(
    get, path = "/v2/teams/{team}/workflows/{id}", tag = "workflows", operation_id = "show_workflow",
    params(
        InTeam,
        OfWorkflow,
    ),
    responses(
        (status = 200, description = "The workflow, as V7 exports it, without secrets", body = Object),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn get<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    let workflow = find(&*api, &team, &id).await?;
    ok(&view(&team, &workflow))
}

/// Replace a workflow.
///
/// A secret that is left out, or `null` as in an answer, stays as it is stored; an empty `authorization_header` removes it.
#[utoipa::path(
    put, path = "/v2/teams/{team}/workflows/{id}", tag = "workflows", operation_id = "replace_workflow",
    params(
        InTeam,
        OfWorkflow,
    ),
    request_body(content = Object, description = "The workflow"),
    responses(
        (status = 200, description = "It is stored, and takes effect within seconds", body = Object),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn replace<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let before = find(&*api, &team, &id).await?;
    let given = given(&headers, &body, Given::At(before.id))?;
    ok(&view(
        &team,
        &stored(&api, &team, given, Some(&before)).await?,
    ))
}

/// Remove a workflow. Files at rest in it stay where they are.
#[utoipa::path(
    delete, path = "/v2/teams/{team}/workflows/{id}", tag = "workflows", operation_id = "remove_workflow",
    params(
        InTeam,
        OfWorkflow,
    ),
    responses(
        (status = 204, description = "It is removed"),
        (status = 409, description = "Files are on their way in it", body = ErrorBody),
        Refused,
        Missing,
        Forbidden,
        Invalid,
    ),
)]
pub(crate) async fn remove<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    match api.store.remove_workflow(&team, uuid("id", &id)?).await? {
        Removed::Removed => Ok(no_content()),
        Removed::Missing => Err(ApiError::not_found("workflow")),
        Removed::InUse => Err(ApiError::new(
            StatusCode::CONFLICT,
            "in_use",
            "files are on their way in this workflow: remove it once they are at rest",
        )),
    }
}

/// The team's workflow with this id.
pub(crate) async fn find<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    id: &str,
) -> Result<Arc<workflow::Workflow>, ApiError> {
    let found = api.store.workflow(team, uuid("workflow_id", id)?).await?;
    found.ok_or_else(|| ApiError::not_found("workflow"))
}
