//! The JSON Schema of a Webhook stage's settings, against the reader.
//!
//! `UPDATE_SCHEMA=1 cargo test -p workflow --test schema` writes docs/stage-config.schema.json anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use workflow::{Workflow, config_schema};

const EXAMPLE: &[u8] = include_bytes!("data/two_webhooks.json");

fn schema() -> Validator {
    jsonschema::draft202012::new(&config_schema()).unwrap()
}

/// What the reader says.
fn read(config: &Map<String, Value>) -> Result<(), String> {
    let mut document: Value = serde_json::from_slice(EXAMPLE).unwrap();
    document["stages"][1]["config"] = config.clone().into();
    match Workflow::import(document.to_string().as_bytes()) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

fn with(field: &str, value: Value) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("url".to_owned(), json!("https://receiver.example/"));
    config.insert("secret_ref".to_owned(), json!("known"));
    if field == "content_type" {
        config.insert("body".to_owned(), json!("x"));
    }
    config.insert(field.to_owned(), value);
    config
}

#[test]
fn the_committed_copy_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/stage-config.schema.json");
    let current = format!("{:#}\n", config_schema());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &current).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(committed == current, "run it with UPDATE_SCHEMA=1");
}

/// Values of every field, and whether both accept them.
fn table() -> Vec<(&'static str, Value, bool)> {
    let secret = json!({"secret": "s"});
    let oauth = |more: Value| {
        let mut fields = json!({"type": "oauth2_client_credentials", "token_url": "https://t.example/", "client_id": "c"});
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        fields
    };
    let long = |bytes: usize| json!("x".repeat(bytes));
    vec![
        ("url", json!(5), false),
        ("authorization_header", json!("Bearer x"), true),
        ("authorization_header", json!(["x"]), false),
        ("retry_if_fails", json!("no"), false),
        ("include_annotations", json!(true), true),
        ("max_retries", json!(20), true),
        ("max_retries", json!(21), false),
        ("max_retries", json!(1.5), false),
        ("retry_delays", json!("standard-webhooks"), true),
        ("retry_delays", json!("weekly"), false),
        ("retry_delays", json!([0, 1.5, "2min", " 1 h "]), true),
        ("retry_delays", json!([86_401]), false),
        ("retry_delays", json!(["soon"]), false),
        ("retry_delays", json!(vec![1; 21]), false),
        ("retry_on", json!(["network", "5xx", 408]), true),
        ("retry_on", json!([200]), false),
        ("retry_on", json!(["2xx"]), false),
        ("timeout", json!(0.1), true),
        ("timeout", json!(301), false),
        ("timeout", json!("fast"), false),
        ("condition", json!("has_tag('x')"), true),
        ("condition", json!("  "), false),
        ("condition", long(4097), false),
        ("body", json!("x"), true),
        ("body", json!({"text": "{{ item.name }}"}), true),
        ("body", json!(["x"]), true),
        ("body", json!(true), false),
        ("body", long(16 * 1024 + 1), false),
        ("content_type", json!("text/plain; charset=utf-8"), true),
        ("content_type", json!("json"), false),
        ("method", json!("PUT"), true),
        ("method", json!("GET"), false),
        ("headers", json!({"X-A": "b", "x-b": secret}), true),
        ("headers", json!({"x-b": {"secret": null}}), true),
        ("headers", json!({"x a": "b"}), false),
        ("headers", json!({"x": ""}), false),
        ("headers", json!({"x": 1}), false),
        ("headers", json!({"x": {"secret": "s", "more": 1}}), false),
        ("headers", json!({"x": long(1025)}), false),
        ("headers", json!({long(65).as_str().unwrap(): "x"}), false),
        ("presigned_url_expiry", json!("1h"), true),
        ("presigned_url_expiry", json!(0), false),
        ("receiver_control", json!(1), false),
        ("breaker", json!(false), true),
        ("breaker", json!({"calls": 200, "window": "15min"}), true),
        ("breaker", json!({"calls": 201}), false),
        ("breaker", json!({"window": 901}), false),
        ("breaker", json!("on"), false),
        ("breaker_patience", json!(0), true),
        ("breaker_patience", json!(86_401), false),
        ("max_rate", json!("10/s"), true),
        ("max_rate", json!("fast"), false),
        ("max_rate", json!(10), false),
        (
            "signing_secrets",
            json!(["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"]),
            true,
        ),
        ("signing_secrets", json!(["secret"]), false),
        ("secret_ref", json!(5), false),
        (
            "authorization",
            json!({"type": "basic", "username": "a", "password": "b"}),
            true,
        ),
        (
            "authorization",
            json!({"type": "basic", "password": "b"}),
            false,
        ),
        ("authorization", json!({"type": "digest"}), false),
        (
            "authorization",
            oauth(json!({"client_secret": "s", "scopes": ["a"], "audience": null})),
            true,
        ),
        ("authorization", oauth(json!({"client_id": ""})), false),
        ("authorization", oauth(json!({"scopes": "a"})), false),
        (
            "authorization",
            oauth(json!({"client_authentication": "none"})),
            false,
        ),
        (
            "authorization",
            json!({"type": "aws_sigv4", "service": "lambda", "region": "eu-west-1"}),
            true,
        ),
        (
            "client_certificate",
            json!({"certificate": "c", "key": "k"}),
            true,
        ),
        (
            "client_certificate",
            json!({"certificate": "c", "key": 5}),
            false,
        ),
        ("client_certificate", json!("c"), false),
        ("x_of_somebody_else", json!({"any": [1]}), true),
    ]
}

#[test]
fn both_say_the_same_of_every_field() {
    let schema = schema();
    let mut fields = Vec::new();
    for (field, value, is_right) in table() {
        let config = with(field, value.clone());
        let read = read(&config);
        assert_eq!(
            read.is_ok(),
            is_right,
            "the reader: {field}: {value}: {read:?}"
        );
        let valid = schema
            .validate(&config.into())
            .map_err(|error| error.to_string());
        assert_eq!(
            valid.is_ok(),
            is_right,
            "the schema: {field}: {value}: {valid:?}"
        );
        let absent = with(field, Value::Null);
        assert_eq!(self::read(&absent).is_ok(), field != "url", "{field}: null");
        assert!(schema.is_valid(&absent.into()), "{field}: null");
        fields.push(field);
    }
    let described = config_schema();
    for field in described["properties"].as_object().unwrap().keys() {
        assert!(
            fields.contains(&field.as_str()),
            "{field} is not in the table"
        );
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let known: Vec<Value> = table().into_iter().map(|(_, value, _)| value).collect();
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-10_i64..100_000).prop_map(Value::from),
        (0.0..400_000.0).prop_map(Value::from),
        "[0-9]{1,3}(ms|s|min|h|d|/s)?".prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
        prop::sample::select(known),
    ];
    leaf.prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z-]{1,8}|type|secret|calls|key", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_reader_accepts_is_valid(
        field in prop::sample::select(
            config_schema()["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
        ),
        value in any_value(),
    ) {
        let config = with(&field, value);
        if read(&config).is_ok() {
            prop_assert!(schema().is_valid(&config.clone().into()), "{:?}", config);
        }
    }
}
