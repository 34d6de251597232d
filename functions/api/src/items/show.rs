use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use delivery::ports::{Caller, Documents, Lists};
use delivery::{AttemptRecord, DeliveryState, FileKey, Listed, VisitRecord};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::{Actor, Workflow};

use super::view::{Item, view};
use crate::api::{Api, Engine};
use crate::error::{ApiError, ErrorBody};
use crate::principal::Principal;
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
    entered_by: EnteredBy,
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
struct EnteredBy {
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
    get, path = "/v2/teams/{team}/items/{id}", tag = "items",
    params(
        ("team" = String, Path, description = "The team's slug"),
        ("id" = Uuid, Path, description = "The item"),
    ),
    responses(
        (status = 200, description = "The item", body = Item),
        (status = "4XX", description = "The request was refused", body = ErrorBody),
        (status = "5XX", description = "The service failed", body = ErrorBody),
    ),
)]
pub(crate) async fn show<S: Engine, C: Caller<<S as Documents>::Reader>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    let listed = find(&api, &principal, &team, &id).await?;
    ok(&view(listed, &api.store.workflows_of(&team).await?))
}

/// Show an item's visits to stages, and the attempts to deliver it.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items/{id}/visits", tag = "items",
    params(
        ("team" = String, Path, description = "The team's slug"),
        ("id" = Uuid, Path, description = "The item"),
    ),
    responses(
        (status = 200, description = "Its visits, oldest first", body = Visits),
        (status = "4XX", description = "The request was refused", body = ErrorBody),
        (status = "5XX", description = "The service failed", body = ErrorBody),
    ),
)]
pub(crate) async fn visits<S: Engine, C: Caller<<S as Documents>::Reader>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    let listed = find(&api, &principal, &team, &id).await?;
    let key = listed.item.key.clone();
    let records = api.store.records();
    let failed = records.attempts(&key).await?;
    let workflows = api.store.workflows_of(&team).await?;
    let mut found: Vec<(u32, Visit)> = Vec::new();
    let mut past = records.visits(&key).await?;
    if let Some(state) = &listed.state {
        let current = state.delivery.clone().map(|delivery| VisitRecord {
            key: key.clone(),
            workflow_id: state.workflow_id,
            version: state.version,
            visit: delivery::Visit {
                id: delivery.delivery_id,
                stage_id: delivery.stage_id,
                sequence: delivery.sequence,
                entered_at: delivery.opened_at,
                assigned_by: delivery.assigned_by.clone(),
                assignee: None,
            },
            delivery: Some(delivery),
        });
        // The record is right where both have a delivery.
        let newest = current.as_ref().map(|current| current.visit.id);
        past.retain(|visit| Some(visit.visit.id) != newest && visit.visit.id != state.visit.id);
        past.extend(current.filter(|current| current.visit.id != state.visit.id));
        past.push(VisitRecord {
            key: key.clone(),
            workflow_id: state.workflow_id,
            version: state.version,
            visit: state.visit.clone(),
            delivery: state
                .delivery
                .clone()
                .filter(|delivery| delivery.delivery_id == state.visit.id),
        });
        past.sort_by_key(|visit| visit.visit.sequence);
    }
    let count = past.len();
    let exits: Vec<_> = past
        .iter()
        .skip(1)
        .map(|next| next.visit.entered_at)
        .collect();
    for (index, visit) in past.iter().enumerate() {
        let is_current = index + 1 == count && listed.state.is_some();
        let exited_at = exits.get(index).copied().filter(|_| !is_current);
        let exited_at = exited_at.map(written);
        found.push((
            visit.visit.sequence,
            shown(visit, exited_at, is_current, &workflows, &failed),
        ));
    }
    let rejections = records.rejections(&key).await?;
    ok(&Visits {
        version: "1.1",
        item_id: key.item_id,
        visits: found.into_iter().map(|(_, visit)| visit).collect(),
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

fn shown(
    record: &VisitRecord,
    exited_at: Option<String>,
    is_current: bool,
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
    let (user_id, role) = match &visit.assigned_by {
        Actor::User { id, role } => (*id, Some(role.as_str())),
        Actor::Workflow { .. } => (None, None),
    };
    Visit {
        stage_instance_id: visit.id,
        stage: VisitedStage {
            id: visit.stage_id,
            name: stage.map(|stage| stage.name.clone()),
            kind: stage.map(|stage| stage.kind.as_str().to_owned()),
        },
        status: if is_current { "current" } else { "completed" },
        entered_at: written(visit.entered_at),
        exited_at,
        entered_by: EnteredBy {
            kind: if role.is_some() { "user" } else { "workflow" },
            user_id,
            role,
        },
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

/// The team's item with this id. A Worker finds only what is assigned to them.
pub(super) async fn find<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    team: &str,
    id: &str,
) -> Result<Listed, ApiError> {
    principal.of_team(team)?;
    let key = FileKey {
        team: team.to_owned(),
        item_id: uuid("id", id)?,
    };
    let found = api.store.item(&key).await?.filter(|listed| {
        let assignee = listed.state.as_ref().and_then(|state| state.visit.assignee);
        !principal.is_worker() || assignee == Some(principal.user_id)
    });
    found.ok_or_else(|| ApiError::not_found("item"))
}
