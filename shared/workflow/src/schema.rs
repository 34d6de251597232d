//! The JSON Schema of a Webhook stage's settings.

use serde_json::{Map, Value, json};

use crate::access::ClientAuthentication;
use crate::request::{
    MAX_BODY_TEMPLATE, MAX_CONDITION, MAX_HEADER_NAME, MAX_HEADER_VALUE, MAX_HEADERS, Method,
};
use crate::webhook::{MAX_DELAY, MAX_RETRIES, MAX_TIMEOUT};

/// A `token` of HTTP (RFC 9110, 5.6.2), as a part of a pattern.
const TOKEN: &str = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

/// The JSON Schema (draft 2020-12) of a Webhook stage's `config`, with the fields that this project reads. Other fields
/// are allowed, and `null` means that a field is absent.
///
/// Whatever the reader accepts is valid by the schema. The reader refuses some more, which a schema cannot say: a
/// duration in words beyond its limits, retries that take too long together, a URL that cannot be called, a reserved
/// header, a secret that is missing.
#[must_use]
pub fn config_schema() -> Value {
    let mut fields = Map::new();
    for group in [
        of_v7(),
        of_retries(),
        of_the_request(),
        of_trouble(),
        of_access(),
    ] {
        let Value::Object(group) = group else {
            continue;
        };
        fields.extend(
            group
                .into_iter()
                .map(|(name, field)| (name, or_null(field))),
        );
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config of a Webhook stage",
        "type": "object",
        "required": ["url"],
        "properties": fields,
    })
}

fn or_null(field: Value) -> Value {
    let Value::Object(mut field) = field else {
        return field;
    };
    let described = field.remove("description");
    let mut nullable = Map::new();
    nullable.extend(described.map(|text| ("description".to_owned(), text)));
    nullable.insert("anyOf".to_owned(), json!([field, {"type": "null"}]));
    nullable.into()
}

fn duration(description: &str, least: f64, most: f64) -> Value {
    json!({
        "description": description,
        "oneOf": [
            {"type": "number", "minimum": least, "maximum": most},
            {"type": "string", "pattern": r"^\s*[0-9.]+\s*(ms|s|sec|m|min|h)?\s*$"},
        ],
    })
}

fn of_v7() -> Value {
    json!({
        "url": {"description": "Where the calls go.", "type": "string"},
        "authorization_header": {
            "description": "The whole value of the Authorization header. It is a secret.", "type": "string",
        },
        "retry_if_fails": {"description": "false: one call, no retries.", "type": "boolean"},
        "include_annotations": {
            "description": "false: the document without annotations and properties.", "type": "boolean",
        },
    })
}

fn of_retries() -> Value {
    json!({
        "max_retries": {
            "description": "Retries after the first call.", "type": "integer", "minimum": 0, "maximum": MAX_RETRIES,
        },
        "retry_delays": {
            "description": "The delay before each retry, or the schedule that Standard Webhooks recommends.",
            "oneOf": [
                {"const": "standard-webhooks"},
                {
                    "type": "array", "maxItems": MAX_RETRIES,
                    "items": duration("A delay.", 0.0, MAX_DELAY.as_secs_f64()),
                },
            ],
        },
        "retry_on": {
            "description": "Which failed calls are repeated.",
            "type": "array",
            "items": {
                "oneOf": [
                    {"enum": ["network", "3xx", "4xx", "5xx"]},
                    {"type": "integer", "minimum": 300, "maximum": 599},
                ],
            },
        },
        "timeout": duration("Time limit of the whole exchange.", 0.1, MAX_TIMEOUT.as_secs_f64()),
    })
}

fn of_the_request() -> Value {
    let text = json!({"type": "string", "minLength": 1, "maxLength": MAX_HEADER_VALUE});
    json!({
        "condition": {
            "description": "An expression; a file for which it does not hold is skipped.",
            "type": "string", "minLength": 1, "maxLength": MAX_CONDITION, "pattern": r"\S",
        },
        "body": {
            "description": "A template of the body: text, or JSON with templates in its texts.",
            "oneOf": [
                {"type": "string", "minLength": 1, "maxLength": MAX_BODY_TEMPLATE},
                {"type": ["object", "array"]},
            ],
        },
        "content_type": {
            "description": "The Content-Type of body; application/json by default.",
            "type": "string", "pattern": format!(r"^\s*{TOKEN}/{TOKEN}\s*(;.*)?$"), "maxLength": 210,
        },
        "method": {"enum": Method::ALL.map(Method::as_str)},
        "headers": {
            "description": "Headers of the stage's own.",
            "type": "object",
            "maxProperties": MAX_HEADERS,
            "propertyNames": {"pattern": format!("^{TOKEN}$"), "maxLength": MAX_HEADER_NAME},
            "additionalProperties": {
                "oneOf": [
                    text,
                    {
                        "type": "object", "required": ["secret"], "additionalProperties": false,
                        "properties": {"secret": or_null(text.clone())},
                    },
                ],
            },
        },
        "presigned_url_expiry": duration(
            "On AWS: how long presigned URLs are valid that replace s3:// ones.", 1.0, 604_800.0,
        ),
        "receiver_control": {
            "description": "Whether the receiver may end a delivery or have the stage paused.", "type": "boolean",
        },
    })
}

fn of_trouble() -> Value {
    let whole = |least: u32, most: u32| {
        json!({"anyOf": [
            {"type": "integer", "minimum": least, "maximum": most}, {"type": "null"},
        ]})
    };
    json!({
        "breaker": {
            "description": "false: no circuit breaker; an object: when it opens.",
            "oneOf": [
                {"type": "boolean"},
                {
                    "type": "object",
                    "properties": {
                        "failures_in_a_row": whole(1, 1000),
                        "failed_percent": whole(1, 100),
                        "calls": whole(1, 200),
                        "window": or_null(duration("The time in which they are counted.", 1.0, 900.0)),
                    },
                },
            ],
        },
        "breaker_patience": duration(
            "For how long in all an open breaker may hold a file back.", 0.0, crate::MAX_PATIENCE.as_secs_f64(),
        ),
        "max_rate": {
            "description": "The most calls in a time, such as 10/s, 600/min or 5000/h.",
            "type": "string", "pattern": r"^\s*[0-9]+\s*/\s*[a-z]+\s*$",
        },
    })
}

fn of_access() -> Value {
    let text = json!({"type": "string", "minLength": 1});
    let secret =
        or_null(json!({"description": "It is a secret.", "type": "string", "minLength": 1}));
    json!({
        "signing_secrets": {
            "description": "Standard Webhooks secrets (whsec_) and private keys (whsk_). They are secrets.",
            "type": "array", "items": {"type": "string", "pattern": "^(whsec|whsk)_"},
        },
        "secret_ref": {"description": "Where the stage's secrets are stored.", "type": "string"},
        "authorization": {
            "description": "How calls are authorized, instead of authorization_header.",
            "oneOf": [
                {
                    "type": "object", "required": ["type", "username"],
                    "properties": {"type": {"const": "basic"}, "username": text, "password": secret},
                },
                {
                    "type": "object", "required": ["type", "token_url", "client_id"],
                    "properties": {
                        "type": {"const": "oauth2_client_credentials"},
                        "token_url": text,
                        "client_id": text,
                        "client_secret": secret,
                        "scopes": or_null(json!({"type": "array", "items": text, "maxItems": 50})),
                        "audience": or_null(text.clone()),
                        "client_authentication": or_null(json!({
                            "enum": ClientAuthentication::ALL.map(ClientAuthentication::as_str),
                        })),
                    },
                },
                {
                    "type": "object", "required": ["type"],
                    "properties": {
                        "type": {"const": "aws_sigv4"},
                        "service": or_null(text.clone()),
                        "region": or_null(text.clone()),
                    },
                },
            ],
        },
        "client_certificate": {
            "description": "The certificate and key, in PEM, that the stage shows to its receiver.",
            "type": "object", "properties": {"certificate": secret, "key": secret},
        },
    })
}
