//! HTTP APIs, payload format 2.0, simple response.

use serde_json::{Value, json};

use crate::check::{Decision, DenyReason, Tokens};
use crate::headers;

pub(crate) fn decide(tokens: &Tokens, event: &Value) -> Decision {
    let is_ours = event.get("version").and_then(Value::as_str) == Some("2.0")
        && event.get("routeArn").is_some_and(Value::is_string);
    if is_ours {
        headers::check(tokens, event)
    } else {
        Decision::Deny(DenyReason::UnknownEvent)
    }
}

pub(crate) fn response(decision: Decision) -> Value {
    json!({ "isAuthorized": decision == Decision::Allow })
}
