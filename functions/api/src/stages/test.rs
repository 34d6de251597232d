use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use delivery::ports::{Call, Freshness, Secrets};
use delivery::usecase::DEFAULT_TIMEOUT;
use delivery::{Document, FileKey, Reason, Timestamp, Trace};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::webhook_stage;
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::path::{InTeam, OfStage};
use crate::principal::Principal;
use crate::refused::{Forbidden, InvalidBody, Missing, Refused};
use crate::request::optional_json;
use crate::respond::{Answer, ok};

/// What to send.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestCall {
    /// The item whose document is sent; by default an example.
    item_id: Option<Uuid>,
}

/// What the receiver answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct TestResult {
    /// `succeeded` or `failed`.
    outcome: &'static str,
    /// The HTTP status, if there was an answer.
    status: Option<u16>,
    /// The stable code of why there was none.
    reason: Option<&'static str>,
    /// The reason in words.
    message: Option<&'static str>,
    duration_ms: u64,
    request_bytes: u64,
    /// The beginning of the answer, without secrets.
    response_excerpt: String,
    /// Details of the failure.
    detail: Option<String>,
}

/// Make a test call, exactly as a real one is made. No file moves, and nothing is recorded.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}/test", tag = "stages", operation_id = "test_stage",
    params(
        InTeam,
        OfStage,
    ),
    request_body(content = Option<TestCall>, description = "What to send; may be left out"),
    responses(
        (status = 200, description = "The call was made, whatever came of it", body = TestResult),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn test<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, workflow, stage)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_configure()?;
    let wanted: TestCall = optional_json(&headers, &body)?;
    let found = webhook_stage(&api, &team, &workflow, &stage).await?;
    let (stage, config) = found.stage()?;
    let document = match wanted.item_id {
        None => Document::Bytes(api.example.clone()),
        Some(item_id) => {
            let key = FileKey {
                team: team.clone(),
                item_id,
            };
            api.store.open(&key, None).await?
        }
    };
    let secrets = match &config.secret_ref {
        None => None,
        Some(reference) => {
            let secrets = api.store.secrets();
            let secrets = secrets.stage_secrets(&team, reference, Freshness::Latest);
            secrets.await?
        }
    };
    let delivery_id = Uuid::new_v4();
    let call = Call {
        timeout: config
            .timeout
            .unwrap_or(DEFAULT_TIMEOUT)
            .min(api.longest_call),
        config: config.clone(),
        secrets: secrets.unwrap_or_default(),
        document,
        workflow_name: found.workflow.name.clone(),
        stage_name: stage.name.clone(),
        delivery_id,
        workflow_id: found.workflow.id,
        stage_id: stage.id,
        attempt: 1,
        traceparent: Trace::begun_by(delivery_id).call(Uuid::new_v4()),
        sent_at: Timestamp::from(SystemTime::now()),
        fresh_connection: true,
        team,
    };
    let answer = api.caller.call(call).await?;
    let (status, reason) = match answer.result {
        Ok(status) => (Some(status), None),
        Err(reason) => (None, Some(reason)),
    };
    let is_success = status.is_some_and(|status| (200..300).contains(&status));
    ok(&TestResult {
        outcome: if is_success { "succeeded" } else { "failed" },
        status,
        reason: reason.map(Reason::code),
        message: reason.map(Reason::explain),
        duration_ms: u64::try_from(answer.duration.as_millis()).unwrap_or(u64::MAX),
        request_bytes: answer.request_bytes,
        response_excerpt: answer.response_excerpt,
        detail: answer.detail,
    })
}
