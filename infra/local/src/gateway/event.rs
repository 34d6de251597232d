use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value, json};

/// Whether an observer may see this header.
pub(super) fn shown(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_shown = |name: &str| {
        (name.starts_with("webhook-") && name != "webhook-signature")
            || matches!(
                name,
                "content-type" | "user-agent" | "content-length" | "traceparent"
            )
    };
    headers
        .iter()
        .filter(|(name, _)| is_shown(name.as_str()))
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect()
}

/// Headers as an HTTP API passes them on: names in lower case, repeated ones joined by commas.
fn headers(map: &HeaderMap) -> Map<String, Value> {
    let mut headers = Map::new();
    for name in map.keys() {
        let values: Vec<_> = map
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        headers.insert(name.as_str().to_owned(), Value::from(values.join(",")));
    }
    headers
}

/// The event that an HTTP API sends to its authorizer, in payload format 2.0.
pub(super) fn authorizer(head: &Parts) -> Value {
    let (method, path) = (head.method.as_str(), head.uri.path());
    json!({
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": format!("arn:aws:execute-api:local:000000000000:local/$default/{method}{path}"),
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers(&head.headers),
        "requestContext": {"http": {"method": method, "path": path}},
    })
}

/// The event that an HTTP API sends to its proxy integration, in payload format 2.0.
pub(super) fn proxy(head: &Parts, body: &Bytes) -> Value {
    let (body, is_encoded) = match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(_) => (STANDARD.encode(body), true),
    };
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": head.uri.path(),
        "rawQueryString": head.uri.query().unwrap_or_default(),
        "headers": headers(&head.headers),
        "requestContext": {"http": {"method": head.method.as_str(), "path": head.uri.path()}},
        "body": body,
        "isBase64Encoded": is_encoded,
    })
}

/// Turns the receiver's answer into an HTTP response.
pub(super) fn response(answer: &Value) -> Response<Full<Bytes>> {
    let status = answer
        .get("statusCode")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = answer
        .get("body")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(hyper::header::CONTENT_TYPE, json);
    response
}
