use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use delivery::machine::archive_of;
use delivery::ports::Lists;
use delivery::{AttemptRecord, DeliveryState, FileKey, FileState, Listed, VisitRecord};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::{Actor, Workflow};

use super::view::{Item, view};
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::path::{InTeam, OfItem};
use crate::principal::Principal;
use crate::refused::{Invalid, Missing, Refused};
use crate::request::uuid;
use crate::respond::{Answer, ok};
use crate::time::written;

/// A file's visits, in the form of V7's stage history, with the attempts of its deliveries.
#[derive(Serialize, ToSchema)]
pub(crate) struct Visits {
    version: &'static str,
    item_id: Uuid,
    /// Oldest first.
    visits: Vec<Visit>,
    /// Assignments that the rules did not allow.
    rejections: Vec<Rejected>,
}

#[derive(Serialize, ToSchema)]
struct Visit {
    stage_instance_id: Uuid,
    stage: VisitedStage,
    /// `current` or `completed`.
    status: &'static str,
    entered_at: String,
    exited_at: Option<String>,
    /// Who put the file into the stage.
    entered_by: By,
    /// Who took it out of the stage; none while it is in it.
    exited_by: Option<By>,
    /// The edge by which it left a Webhook stage.
    outcome: Option<&'static str>,
    /// The stable code of why its delivery failed.
    reason: Option<&'static str>,
    /// Attempts of its delivery. Those that failed have all that is known of them.
    attempts: Vec<Attempt>,
}

#[derive(Serialize, ToSchema)]
struct VisitedStage {
    id: Uuid,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct By {
    /// `user` or `workflow`.
    #[serde(rename = "type")]
    kind: &'static str,
    user_id: Option<u64>,
    role: Option<&'static str>,
}

#[derive(Serialize, ToSchema)]
struct Attempt {
    attempt: u32,
    at: String,
    /// The HTTP status, if there was an answer.
    status: Option<u16>,
    /// The stable code of why it failed.
    reason: Option<&'static str>,
    duration_ms: u32,
    /// The size of the request's body.
    request_bytes: Option<u64>,
    /// The beginning of the answer, without secrets.
    response_excerpt: Option<String>,
    /// Details of the failure.
    detail: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Rejected {
    at: String,
    stage_id: Uuid,
    reason: &'static str,
    message: &'static str,
}

/// Show an item.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items/{id}", tag = "items", operation_id = "show_item",
    params(
        InTeam,
        OfItem,
    ),
    responses(
        (status = 200, description = "The item", body = Item),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn show<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    let listed = find(&api, &principal, &team, &id).await?;
    ok(&view(listed, &api.store.workflows_of(&team).await?))
}

/// Show an item's visits to stages, and the attempts to deliver it.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items/{id}/visits", tag = "items", operation_id = "list_visits",
    params(
        InTeam,
        OfItem,
    ),
    responses(
        (status = 200, description = "Its visits, oldest first", body = Visits),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn visits<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    let listed = find(&api, &principal, &team, &id).await?;
    let key = listed.item.key.clone();
    let records = api.store.records();
    let failed = records.attempts(&key).await?;
    let workflows = api.store.workflows_of(&team).await?;
    let mut all = records.visits(&key).await?;
    if let Some(state) = &listed.state {
        let newer = [archive_of(state), Some(current(state))];
        for newer in newer.into_iter().flatten() {
            // The record is right where the history has the same visit.
            all.retain(|visit| visit.visit.id != newer.visit.id);
            all.push(newer);
        }
        all.sort_by_key(|visit| visit.visit.sequence);
    }
    let next = all.iter().skip(1).map(|next| Some(&next.visit));
    let visits = all.iter().zip(next.chain([None]));
    let visits = visits.map(|(visit, next)| shown(visit, next, &workflows, &failed));
    let rejections = records.rejections(&key).await?;
    ok(&Visits {
        version: "1.1",
        item_id: key.item_id,
        visits: visits.collect(),
        rejections: rejections
            .into_iter()
            .map(|rejection| Rejected {
                at: written(rejection.at),
                stage_id: rejection.stage_id,
                reason: rejection.reason.code(),
                message: rejection.reason.explain(),
            })
            .collect(),
    })
}

/// The visit that a file is in, with its delivery if that has begun.
fn current(state: &FileState) -> VisitRecord {
    let own = |delivery: &DeliveryState| delivery.delivery_id == state.visit.id;
    VisitRecord {
        key: state.key.clone(),
        workflow_id: state.workflow_id,
        version: state.version,
        visit: state.visit.clone(),
        delivery: state.delivery.clone().filter(own),
    }
}

fn shown(
    record: &VisitRecord,
    next: Option<&delivery::Visit>,
    workflows: &[Arc<Workflow>],
    failed: &[AttemptRecord],
) -> Visit {
    let VisitRecord {
        visit, delivery, ..
    } = record;
    let of = workflows
        .iter()
        .find(|workflow| workflow.id == record.workflow_id);
    let stage = of.and_then(|workflow| workflow.stage(visit.stage_id));
    Visit {
        stage_instance_id: visit.id,
        stage: VisitedStage {
            id: visit.stage_id,
            name: stage.map(|stage| stage.name.clone()),
            kind: stage.map(|stage| stage.kind.as_str().to_owned()),
        },
        status: match next {
            Some(_) => "completed",
            None => "current",
        },
        entered_at: written(visit.entered_at),
        exited_at: next.map(|next| written(next.entered_at)),
        entered_by: by(&visit.assigned_by),
        exited_by: next.map(|next| by(&next.assigned_by)),
        outcome: delivery
            .as_ref()
            .and_then(|d| d.outcome)
            .map(|outcome| outcome.as_str()),
        reason: delivery
            .as_ref()
            .and_then(|d| d.reason)
            .map(delivery::Reason::code),
        attempts: delivery
            .as_ref()
            .map(|delivery| attempts(delivery, failed))
            .unwrap_or_default(),
    }
}

fn by(actor: &Actor) -> By {
    let (kind, user_id, role) = match actor {
        Actor::User { id, role } => ("user", *id, Some(role.as_str())),
        Actor::Workflow { .. } => ("workflow", None, None),
    };
    By {
        kind,
        user_id,
        role,
    }
}

fn attempts(delivery: &DeliveryState, failed: &[AttemptRecord]) -> Vec<Attempt> {
    let summaries = delivery.attempts.iter();
    summaries
        .map(|summary| {
            let full = failed.iter().find(|record| {
                record.delivery_id == delivery.delivery_id
                    && record.summary.attempt == summary.attempt
            });
            Attempt {
                attempt: summary.attempt,
                at: written(summary.at),
                status: summary.status,
                reason: summary.reason.map(delivery::Reason::code),
                duration_ms: summary.duration_ms,
                request_bytes: full.map(|full| full.request_bytes),
                response_excerpt: full.map(|full| full.response_excerpt.clone()),
                detail: full.and_then(|full| full.detail.clone()),
            }
        })
        .collect()
}

/// The team's item with this id, if this principal may see it: a Worker sees only what is assigned to them.
async fn find<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    team: &str,
    id: &str,
) -> Result<Listed, ApiError> {
    let found = of_team(api, team, id).await?;
    let assignee = found.state.as_ref().and_then(|state| state.visit.assignee);
    if principal.is_worker() && assignee != Some(principal.user_id) {
        return Err(ApiError::not_found("item"));
    }
    Ok(found)
}

/// The team's item with this id.
pub(super) async fn of_team<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    id: &str,
) -> Result<Listed, ApiError> {
    let key = FileKey {
        team: team.to_owned(),
        item_id: uuid("id", id)?,
    };
    let found = api.store.item(&key).await?;
    found.ok_or_else(|| ApiError::not_found("item"))
}
