use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use delivery::Timestamp;
use delivery::control::{Pause, StageControl, StageKey, closed_by_hand, paused, resumed};
use delivery::ports::Controls;
use delivery::usecase::operate_control;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::webhook_stage;
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::path::{InTeam, OfStage};
use crate::principal::Principal;
use crate::refused::{Forbidden, Invalid, InvalidBody, Missing, Refused};
use crate::request::optional_json;
use crate::respond::{Answer, ok};
use crate::time::written;

/// Why a stage is paused.
#[derive(Default, Deserialize, ToSchema)]
pub(crate) struct PauseReason {
    /// One line of at most 200 characters, for whoever looks at the stage later.
    #[schema(max_length = 200, pattern = r"^[^\x00-\x1f\x7f-\x9f]*$")]
    reason: Option<String>,
}

/// How a stage stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct StageState {
    stage_id: Uuid,
    paused: bool,
    paused_since: Option<String>,
    /// Who paused it: `user 7`, `operator` or `receiver`.
    paused_by: Option<String>,
    /// Why it is paused.
    reason: Option<String>,
    /// The circuit breaker: `closed`, `open`, `half_open` or `recovering`.
    breaker: &'static str,
    /// Since when it has not been closed.
    breaker_since: Option<String>,
    /// The stable code of why it opened.
    breaker_reason: Option<&'static str>,
    /// `fast`, or `slow` if its calls take long.
    lane: &'static str,
}

impl StageState {
    fn of(key: &StageKey, control: &StageControl) -> Self {
        let (pause, outage) = (control.pause.as_ref(), control.outage.as_ref());
        Self {
            stage_id: key.stage_id,
            paused: pause.is_some(),
            paused_since: pause.map(|pause| written(pause.since)),
            paused_by: pause.map(|pause| pause.by.clone()),
            reason: pause.and_then(|pause| pause.reason.clone()),
            breaker: outage.map_or("closed", |outage| outage.phase.code()),
            breaker_since: outage.map(|outage| written(outage.since)),
            breaker_reason: outage.map(|outage| outage.reason.code()),
            lane: control.lane.name(),
        }
    }
}

/// Show how a Webhook stage stands.
#[utoipa::path(
    get, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}", tag = "stages", operation_id = "show_stage",
    params(
        InTeam,
        OfStage,
    ),
    responses(
        (status = 200, description = "Whether it holds its deliveries back", body = StageState),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn show<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Path(path): Path<(String, String, String)>,
) -> Result<Answer, ApiError> {
    let key = key_of(&api, path).await?;
    let now = api.store.records().control(&key).await?;
    ok(&StageState::of(&key, &now))
}

/// Pause a Webhook stage: its files wait, and no attempt is spent.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}/pause", tag = "stages", operation_id = "pause_stage",
    params(
        InTeam,
        OfStage,
    ),
    request_body(content = Option<PauseReason>, description = "Why; may be left out"),
    responses(
        (status = 200, description = "It is paused; within seconds no more calls are made", body = StageState),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn pause<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(path): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let given: PauseReason = optional_json(&headers, &body)?;
    let reason = given.reason.filter(|reason| !reason.trim().is_empty());
    let reason = reason.as_deref().map(|reason| {
        Pause::check_reason(reason).ok_or_else(|| {
            let longest = Pause::LONGEST_REASON;
            let message = format!("give one line of at most {longest} characters");
            ApiError::invalid("reason", message)
        })
    });
    let reason = reason.transpose()?;
    let by = format!("user {}", principal.user_id);
    let now = Timestamp::from(SystemTime::now());
    changed(&api, path, |control| paused(control, &by, reason, now)).await
}

/// Resume a paused Webhook stage.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}/resume", tag = "stages", operation_id = "resume_stage",
    params(
        InTeam,
        OfStage,
    ),
    responses(
        (status = 200, description = "It is not paused any more", body = StageState),
        Refused,
        Missing,
        Forbidden,
        Invalid,
    ),
)]
pub(crate) async fn resume<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(path): Path<(String, String, String)>,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let now = Timestamp::from(SystemTime::now());
    changed(&api, path, |control| resumed(control, now)).await
}

/// Close the circuit breaker of a Webhook stage, whose receiver is known to answer again.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}/close", tag = "stages", operation_id = "close_breaker",
    params(
        InTeam,
        OfStage,
    ),
    responses(
        (status = 200, description = "Its circuit breaker is closed", body = StageState),
        Refused,
        Missing,
        Forbidden,
        Invalid,
    ),
)]
pub(crate) async fn close<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(path): Path<(String, String, String)>,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let now = Timestamp::from(SystemTime::now());
    changed(&api, path, |control| closed_by_hand(control, now)).await
}

async fn changed<S: Engine, C>(
    api: &Api<S, C>,
    path: (String, String, String),
    change: impl Fn(&StageControl) -> Option<StageControl> + Send + Sync,
) -> Result<Answer, ApiError> {
    let key = key_of(api, path).await?;
    let (_, now) = operate_control(api.store.records(), &key, change).await?;
    ok(&StageState::of(&key, &now))
}

async fn key_of<S: Engine, C>(
    api: &Api<S, C>,
    (team, workflow, stage): (String, String, String),
) -> Result<StageKey, ApiError> {
    let found = webhook_stage(api, &team, &workflow, &stage).await?;
    Ok(StageKey {
        team,
        workflow_id: found.workflow.id,
        stage_id: found.id,
    })
}
