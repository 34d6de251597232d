use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use bytes::Bytes;
use delivery::{BulkAssignment, ItemFilter, Timestamp};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::webhook_stage;
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::items::assign::{CreatedCommands, send};
use crate::path::{InTeam, OfStage, OnlyOnce};
use crate::principal::Principal;
use crate::refused::{Forbidden, InvalidBody, Missing, Refused};
use crate::request::{new_id, optional_json};
use crate::respond::{Answer, ok};
use crate::time::read;

/// The files to send again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Redeliver {
    /// These, whatever their last outcome; by default all that failed at this stage.
    item_ids: Option<Vec<Uuid>>,
    /// Only those whose delivery failed at this time (RFC 3339) or later.
    #[schema(format = DateTime)]
    failed_from: Option<String>,
    /// Only those whose delivery failed before this time.
    #[schema(format = DateTime)]
    failed_before: Option<String>,
}

/// Send files through a Webhook stage again, each as a new visit: those that are named, or all whose delivery failed there.
#[utoipa::path(
    post, path = "/v2/teams/{team}/workflows/{id}/stages/{stage}/redeliver", tag = "stages", operation_id = "redeliver",
    params(
        InTeam,
        OfStage,
        OnlyOnce,
    ),
    request_body(content = Option<Redeliver>, description = "Which files; may be left out"),
    responses(
        (status = 200, description = "The command is accepted", body = CreatedCommands),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn redeliver<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, workflow, stage)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_assign()?;
    let wanted: Redeliver = optional_json(&headers, &body)?;
    let found = webhook_stage(&api, &team, &workflow, &stage).await?;
    let filter = ItemFilter {
        failed_at: wanted.item_ids.is_none().then(|| vec![found.id]),
        items: wanted.item_ids,
        workflow_id: Some(found.workflow.id),
        ended_from: time("failed_from", wanted.failed_from.as_deref())?,
        ended_before: time("failed_before", wanted.failed_before.as_deref())?,
        ..ItemFilter::default()
    };
    let bulk = BulkAssignment {
        command_id: new_id(&headers, &team, "redeliver")?,
        workflow_id: found.workflow.id,
        stage_id: Some(found.id),
        assigned_by: principal.actor(),
        assignee: None,
        filter,
        after: None,
        team,
    };
    ok(&send(&api, bulk).await?)
}

fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = text else {
        return Ok(None);
    };
    let invalid = || ApiError::invalid(field, "write the time as 2026-11-28T09:30:00Z");
    read(text).map(Some).ok_or_else(invalid)
}
