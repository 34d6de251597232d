//! HTTP APIs, payload format 2.0, simple response.

use serde_json::{Value, json};

use crate::check::{Decision, DenyReason, Tokens};

pub(crate) fn decide(tokens: &Tokens, event: &Value) -> Decision {
    let is_ours = event.get("version").and_then(Value::as_str) == Some("2.0")
        && event.get("routeArn").is_some_and(Value::is_string);
    let Some(headers) = event
        .get("headers")
        .and_then(Value::as_object)
        .filter(|_| is_ours)
    else {
        return Decision::Deny(DenyReason::UnknownEvent);
    };
    // HTTP APIs fold repeated headers into one, joined by commas; no accepted value equals that.
    let values: Option<Vec<&str>> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map(|(_, value)| value.as_str())
        .collect();
    match values {
        Some(values) => tokens.check(values),
        None => Decision::Deny(DenyReason::Malformed),
    }
}

pub(crate) fn response(decision: Decision) -> Value {
    json!({ "isAuthorized": decision == Decision::Allow })
}
