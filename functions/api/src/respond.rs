use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::error::ApiError;

/// What a handler answers.
pub(crate) type Answer = Response;

/// 200 with JSON.
pub(crate) fn ok(body: &impl Serialize) -> Result<Answer, ApiError> {
    json(StatusCode::OK, body)
}

/// 201 with JSON.
pub(crate) fn created(body: &impl Serialize) -> Result<Answer, ApiError> {
    json(StatusCode::CREATED, body)
}

/// 204.
pub(crate) fn no_content() -> Answer {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Result<Answer, ApiError> {
    let body = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(status, "internal", "the service failed; its log says why")
    })?;
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}
