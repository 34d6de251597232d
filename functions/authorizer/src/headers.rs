//! The Authorization header of an event.

use serde_json::Value;

use crate::check::{Decision, DenyReason, Tokens};

/// Checks the values in `multiValueHeaders`, or if there are none those in `headers`. The lists have every value
/// that a client sent, but the map of a REST API only the last one. An HTTP API has only the map, in which
/// repeated headers are joined by commas, which never equals an accepted value.
pub(crate) fn check(tokens: &Tokens, event: &Value) -> Decision {
    let mut values = values(event, "multiValueHeaders");
    if values.is_empty() {
        values = self::values(event, "headers");
    }
    let texts: Option<Vec<&str>> = values.into_iter().map(Value::as_str).collect();
    match texts {
        Some(texts) => tokens.check(texts),
        None => Decision::Deny(DenyReason::Malformed),
    }
}

fn values<'a>(event: &'a Value, map: &str) -> Vec<&'a Value> {
    let headers = event.get(map).and_then(Value::as_object);
    let named = headers
        .into_iter()
        .flatten()
        .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    named
        .flat_map(|(_, values)| match values {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        })
        .collect()
}
