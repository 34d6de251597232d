//! Finds out who makes a request, where no authorizer in front of the API does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Extension, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::AUTHORIZATION;

use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::key::resolve;
use crate::principal::Principal;

/// How many wrong keys a source may give within [`WINDOW`].
const MOST_FAILURES: u32 = 20;

/// How long failures are remembered.
const WINDOW: Duration = Duration::from_secs(60);

/// The most sources that are remembered. Beyond it, all are forgotten: a guess is hopeless either way.
const MOST_SOURCES: usize = 10_000;

/// The address that a request comes from: an extension of the request, set by the server.
#[derive(Clone, Copy, Debug)]
pub struct Source(pub IpAddr);

/// Wrong keys by source.
#[derive(Debug, Default)]
pub(crate) struct Failures(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Failures {
    fn is_too_many(&self, source: Option<IpAddr>, now: Instant) -> bool {
        let Some(source) = source else {
            return false;
        };
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&source).is_some_and(|(since, count)| {
            now.duration_since(*since) < WINDOW && *count >= MOST_FAILURES
        })
    }

    fn add(&self, source: Option<IpAddr>, now: Instant) {
        let Some(source) = source else {
            return;
        };
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= MOST_SOURCES {
            failures.clear();
        }
        let (since, count) = failures.entry(source).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count += 1;
    }
}

/// What the check works with.
pub(crate) struct Checks<S, C> {
    pub(crate) api: Arc<Api<S, C>>,
    pub(crate) failures: Failures,
}

/// Adds the [`Principal`](crate::Principal) whom the request's key stands for, or refuses the request.
pub(crate) async fn authenticate<S: Engine, C: Calls<S>>(
    State(checks): State<Arc<Checks<S, C>>>,
    mut request: Request,
    next: Next,
) -> Response {
    let source = request.extensions().get::<Source>().map(|source| source.0);
    let now = Instant::now();
    if checks.failures.is_too_many(source, now) {
        let message = "too many wrong keys from this address: try again in a minute";
        return ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_failures", message)
            .into_response();
    }
    let given = request.headers().get(AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let key = given.and_then(|value| value.strip_prefix("ApiKey "));
    let Some(key) = key else {
        return ApiError::unauthorized().into_response();
    };
    match resolve(&checks.api.store, key.trim()).await {
        Ok(Some(principal)) => {
            request.extensions_mut().insert(principal);
            next.run(request).await
        }
        Ok(None) => {
            checks.failures.add(source, now);
            ApiError::unauthorized().into_response()
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Refuses a path that names another team than the key's, as if there were none.
pub(crate) async fn own_team(
    Extension(principal): Extension<Principal>,
    path: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let mut teams = path.iter().filter(|(name, _)| *name == "team");
    if teams.any(|(_, team)| team != principal.team) {
        return ApiError::not_found("team").into_response();
    }
    next.run(request).await
}
