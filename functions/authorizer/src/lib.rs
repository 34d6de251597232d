#![doc = include_str!("../README.md")]

mod check;
mod headers;
mod http_api;
mod rest;

use lambda_runtime::LambdaEvent;
use serde_json::Value;

pub use check::{Decision, DenyReason, MAX_VALUE, Tokens, TokensError};

/// The environment variable with the accepted values' hashes.
pub const ACCEPTED: &str = "ACCEPTED_AUTHORIZATION_SHA256";

/// Answers an authorizer event of API Gateway: for an HTTP API (payload 2.0) with a simple response, for a REST
/// API (`REQUEST`) with a policy. Any other event is denied with a simple response.
///
/// It never fails: in any doubt it denies. Neither the event nor a token is ever logged.
#[must_use]
pub fn answer(tokens: &Tokens, event: &LambdaEvent<Value>) -> Value {
    let event = &event.payload;
    let is_rest = event.get("type").and_then(Value::as_str) == Some("REQUEST")
        && event.get("version").and_then(Value::as_str) != Some("2.0");
    let decision = if is_rest {
        rest::decide(tokens, event)
    } else {
        http_api::decide(tokens, event)
    };
    if let Decision::Deny(reason) = decision {
        tracing::warn!(reason = reason.code(), "denied");
    }
    if is_rest {
        rest::response(decision, event)
    } else {
        http_api::response(decision)
    }
}
