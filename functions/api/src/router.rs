use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};

use crate::api::{Api, Calls, Engine};
use crate::authenticate::{Checks, Failures, authenticate, own_team};
use crate::error::ApiError;
use crate::{items, openapi, stages, team, workflows};

/// The largest document that can be registered by the API: 64 MiB.
pub const LARGEST_DOCUMENT: usize = 64 * 1024 * 1024;

/// The largest other body: the ids of 100,000 items have 4 MB.
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// The routes under `/api`, for requests that may come from anybody: each needs a key.
pub fn router<S: Engine, C: Calls<S>>(api: Api<S, C>) -> Router {
    let api = Arc::new(api);
    let checks = Arc::new(Checks {
        api: Arc::clone(&api),
        failures: Failures::default(),
    });
    let document = post(items::register::register::<S, C>)
        .layer(DefaultBodyLimit::max(LARGEST_DOCUMENT))
        .get(items::list::list::<S, C>);
    let of_workflow = get(workflows::get::<S, C>)
        .put(workflows::replace::<S, C>)
        .delete(workflows::remove::<S, C>);
    let team = Router::new()
        .route(
            "/workflows",
            get(workflows::list::<S, C>).post(workflows::create::<S, C>),
        )
        .route("/workflows/{id}", of_workflow)
        .route(
            "/workflows/{id}/stages/{stage}",
            get(stages::hold::show::<S, C>),
        )
        .route(
            "/workflows/{id}/stages/{stage}/test",
            post(stages::test::test::<S, C>),
        )
        .route(
            "/workflows/{id}/stages/{stage}/redeliver",
            post(stages::redeliver::redeliver::<S, C>),
        )
        .route(
            "/workflows/{id}/stages/{stage}/pause",
            post(stages::hold::pause::<S, C>),
        )
        .route(
            "/workflows/{id}/stages/{stage}/resume",
            post(stages::hold::resume::<S, C>),
        )
        .route(
            "/workflows/{id}/stages/{stage}/close",
            post(stages::hold::close::<S, C>),
        )
        .route("/items", document)
        .route("/items/list_ids", get(items::list::list_ids::<S, C>))
        // What an older client calls the same.
        .route("/items/ids", get(items::list::list_ids::<S, C>))
        .route(
            "/items/general_counts",
            get(items::list::general_counts::<S, C>),
        )
        .route("/items/stage", post(items::assign::stage::<S, C>))
        .route("/items/assign", post(items::assign::assign::<S, C>))
        .route("/items/{id}", get(items::show::show::<S, C>))
        .route("/items/{id}/upload", post(items::upload::upload::<S, C>))
        .route(
            "/items/{id}/register",
            post(items::upload::register_uploaded::<S, C>),
        )
        .route("/items/{id}/visits", get(items::show::visits::<S, C>))
        .route(
            "/items/{id}/commands",
            post(items::commands::commands::<S, C>),
        );
    let with_key = Router::new()
        .route("/users/token_info", get(team::token_info))
        .route("/teams/{team}", get(team::show))
        .nest("/v2/teams/{team}", team)
        .route_layer(from_fn(own_team))
        .route_layer(from_fn_with_state(checks, authenticate::<S, C>))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(api);
    let document = get(|| async {
        let json = HeaderValue::from_static("application/json");
        ([(CONTENT_TYPE, json)], openapi())
    });
    let routes = with_key.route("/openapi.json", document);
    Router::new().nest("/api", routes).layer(from_fn(uniform))
}

/// Gives the answers that the router makes itself the form of all errors.
async fn uniform(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.headers().contains_key(CONTENT_TYPE) && is_json(&response) {
        return response;
    }
    let (code, message) = match status {
        StatusCode::NOT_FOUND => ("unknown_route", "there is no such route"),
        StatusCode::METHOD_NOT_ALLOWED => ("wrong_method", "the route has no such method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("too_large", "the body is too large"),
        StatusCode::BAD_REQUEST => ("bad_request", "the request cannot be read"),
        _ => ("refused", "the request was refused"),
    };
    let mut uniform = ApiError::new(status, code, message).into_response();
    if let Some(allow) = response.headers().get(http::header::ALLOW) {
        uniform
            .headers_mut()
            .insert(http::header::ALLOW, allow.clone());
    }
    uniform
}

fn is_json(response: &Response) -> bool {
    let found = response.headers().get(CONTENT_TYPE);
    found.is_some_and(|found| found.as_bytes().starts_with(b"application/json"))
}
