//! Reads requests: bodies, queries and headers.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::error::ApiError;

/// UUID namespace of ids that are derived from an `Idempotency-Key`. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x51a4_0c5e_2d0b_4f0e_9c67_3f1b_8e0d_7a21);

/// The longest `Idempotency-Key`, in bytes.
const LONGEST_KEY: usize = 255;

/// Reads a JSON body.
pub(crate) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, ApiError> {
    is_json(headers)?;
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => ApiError::invalid(&path, said(&inner)),
            _ => not_json(&inner),
        }
    })?;
    reader.end().map_err(|error| not_json(&error))?;
    // serde would take a list for an object whose members it has in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        let message = "invalid type: sequence, expected an object";
        return Err(ApiError::invalid(".", message));
    }
    Ok(read)
}

/// Reads a JSON body that may be left out.
pub(crate) fn optional_json<T: DeserializeOwned + Default>(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<T, ApiError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    let given: Option<T> = json(headers, body)?;
    Ok(given.unwrap_or_default())
}

/// Checks that a body is said to be JSON, if anything is said about it.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(found) = headers.get(http::header::CONTENT_TYPE) else {
        return Ok(());
    };
    let found = found.to_str().unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send JSON, with Content-Type: application/json";
    let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    Err(ApiError::new(status, "not_json", message))
}

fn not_json(error: &serde_json::Error) -> ApiError {
    let (line, column) = (error.line(), error.column());
    let message = format!("the body is not valid JSON: line {line}, column {column}");
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_json", message)
}

/// serde's message, without the place, which the path says better, and without the value, which may be a secret.
fn said(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = text.strip_suffix(&place).unwrap_or(&text);
    let has_value = ["invalid type: ", "invalid value: ", "unknown variant "];
    let has_value = has_value.iter().any(|start| text.starts_with(start));
    match (text.find(['"', '`']), text.rfind(", expected ")) {
        (Some(value), Some(expected)) if has_value && value < expected => {
            format!("{}{}", text[..value].trim_end(), &text[expected..])
        }
        _ => text.to_owned(),
    }
}

/// The id of what a request makes: derived from its `Idempotency-Key`, so that the same request makes the same thing; or
/// else a new one.
pub(crate) fn new_id(headers: &HeaderMap, team: &str, what: &str) -> Result<Uuid, ApiError> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(Uuid::new_v4());
    };
    let key = key.as_bytes();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message = format!("give 1 to {LONGEST_KEY} characters");
        return Err(ApiError::invalid("Idempotency-Key", message));
    }
    let mut name = format!("{team}\n{what}\n").into_bytes();
    name.extend_from_slice(key);
    Ok(Uuid::new_v5(&NAMESPACE, &name))
}

/// The parts of a query, in order.
pub(crate) fn query(text: Option<&str>) -> Vec<(String, String)> {
    let parts = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes());
    parts.into_owned().collect()
}

/// A UUID of a path or a parameter.
pub(crate) fn uuid(field: &str, text: &str) -> Result<Uuid, ApiError> {
    Uuid::parse_str(text).map_err(|_| ApiError::invalid(field, format!("{field} is not a UUID")))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    #[allow(dead_code, reason = "only read")]
    struct Wanted {
        number: Option<u8>,
        id: Option<Uuid>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        One,
    }

    #[test]
    fn a_refusal_does_not_repeat_what_was_given() {
        for (body, field, message) in [
            (
                r#""planted""#,
                ".",
                "invalid type: string, expected struct Wanted",
            ),
            (
                r#"{"number": "planted, expected \" \u0060"}"#,
                "number",
                "invalid type: string, expected u8",
            ),
            (
                r#"{"number": 70707}"#,
                "number",
                "invalid value: integer, expected u8",
            ),
            (
                "[7, null, null]",
                ".",
                "invalid type: sequence, expected an object",
            ),
            (
                r#"{"number": [true]}"#,
                "number",
                "invalid type: sequence, expected u8",
            ),
            (
                r#"{"kind": "planted"}"#,
                "kind",
                "unknown variant, expected `one`",
            ),
        ] {
            let body = Bytes::from(body);
            let error = json::<Wanted>(&HeaderMap::new(), &body).unwrap_err();
            assert_eq!(error.field.as_deref(), Some(field));
            assert_eq!(error.message, message);
        }
        let body = Bytes::from(r#"{"id": "planted-7f3a"}"#);
        let error = json::<Wanted>(&HeaderMap::new(), &body).unwrap_err();
        assert!(!error.message.contains("planted"), "{error}");
    }
}
