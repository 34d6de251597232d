//! The settings for a stage in trouble: the breaker, its patience, the rate, and the receiver's word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::{Value, json};
use workflow::{BreakerConfig, Rate, WebhookConfig, Workflow};

const EXAMPLE: &[u8] = include_bytes!("data/two_webhooks.json");

fn with(field: &str, value: Value) -> Value {
    let mut document: Value = serde_json::from_slice(EXAMPLE).unwrap();
    document["stages"][1]["config"][field] = value;
    document
}

/// The stage's settings, or everything that is wrong.
fn read(field: &str, value: Value) -> Result<WebhookConfig, String> {
    let json = with(field, value).to_string();
    let imported = Workflow::import(json.as_bytes()).map_err(|error| error.to_string())?;
    let stored = Workflow::from_stored(&imported.workflow.to_json()).unwrap();
    assert_eq!(stored, imported.workflow, "it comes back from the store");
    Ok(stored.stages[1].webhook.clone().unwrap())
}

fn is_refused(field: &str, value: Value, says: &[&str]) {
    let said = read(field, value.clone()).expect_err(&format!("{field}: {value}"));
    for part in ["\"Notify\"", field].iter().chain(says) {
        assert!(said.contains(part), "{field}: {value}: {said}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_breaker_is_on_off_or_set() {
    let default = BreakerConfig::default();
    assert_eq!(
        (default.failures_in_a_row, default.failed_percent),
        (10, 50)
    );
    assert_eq!(
        (default.calls, default.window),
        (20, Duration::from_secs(30))
    );
    for (value, breaker) in [
        (Value::Null, Some(default)),
        (json!(true), Some(default)),
        (json!(false), None),
        (json!({}), Some(default)),
        (json!({"calls": null}), Some(default)),
        (
            json!({"failures_in_a_row": 1, "failed_percent": 1, "calls": 1, "window": 1}),
            Some(BreakerConfig {
                failures_in_a_row: 1,
                failed_percent: 1,
                calls: 1,
                window: Duration::from_secs(1),
            }),
        ),
        (
            json!({"failures_in_a_row": 1000, "failed_percent": 100, "calls": 200, "window": "15min"}),
            Some(BreakerConfig {
                failures_in_a_row: 1000,
                failed_percent: 100,
                calls: 200,
                window: Duration::from_mins(15),
            }),
        ),
        (
            json!({"window": "2s"}),
            Some(BreakerConfig {
                window: Duration::from_secs(2),
                ..default
            }),
        ),
    ] {
        assert_eq!(
            read("breaker", value.clone()).unwrap().breaker,
            breaker,
            "{value}"
        );
    }
}

#[test]
fn a_wrong_breaker_is_named_by_stage_and_setting() {
    for (value, says) in [
        (json!(1), "must be true, false or an object; found 1"),
        (json!("false"), "found the text \"false\""),
        (json!([]), "found a list"),
        (
            json!({"failures_in_a_row": 0}),
            "breaker.failures_in_a_row must be a whole number from 1 to 1000; found 0",
        ),
        (json!({"failures_in_a_row": 1001}), "found 1001"),
        (json!({"failures_in_a_row": 2.5}), "found 2.5"),
        (
            json!({"failed_percent": 101}),
            "breaker.failed_percent must be a whole number from 1 to 100; found 101",
        ),
        (json!({"failed_percent": "50%"}), "found the text \"50%\""),
        (
            json!({"calls": 201}),
            "breaker.calls must be a whole number from 1 to 200; found 201",
        ),
        (json!({"calls": -1}), "found -1"),
        (
            json!({"window": "999ms"}),
            "breaker.window must be from 1 s to 900 s",
        ),
        (json!({"window": "16min"}), "found the text \"16min\""),
        (json!({"window": true}), "found true"),
        (
            json!({"failures": 5}),
            "its breaker has no setting \"failures\": it has failures_in_a_row, failed_percent, calls, window",
        ),
    ] {
        is_refused("breaker", value, &[says]);
    }
}

#[test]
fn patience_is_at_most_a_day() {
    for (value, patience) in [
        (Value::Null, None),
        (json!(0), Some(Duration::ZERO)),
        (json!("90s"), Some(Duration::from_secs(90))),
        (json!("24h"), Some(Duration::from_hours(24))),
    ] {
        assert_eq!(
            read("breaker_patience", value).unwrap().breaker_patience,
            patience
        );
    }
    for value in [
        json!("25h"),
        json!(86_401),
        json!(-1),
        json!("soon"),
        json!(true),
    ] {
        is_refused("breaker_patience", value, &["must be from 0 s to 86400 s"]);
    }
}

#[test]
fn a_rate_is_calls_in_a_time() {
    let rate = |calls, secs| {
        Some(Rate {
            calls,
            per: Duration::from_secs(secs),
        })
    };
    for (value, expected) in [
        (Value::Null, None),
        (json!("10/s"), rate(10, 1)),
        (json!(" 10 / sec "), rate(10, 1)),
        (json!("600/min"), rate(600, 60)),
        (json!("5000/h"), rate(5000, 3600)),
        (json!("1/h"), rate(1, 3600)),
        (json!("10000/s"), rate(10_000, 1)),
    ] {
        assert_eq!(read("max_rate", value).unwrap().max_rate, expected);
    }
    for value in [
        json!("0/s"),
        json!("x"),
        json!("10"),
        json!("/s"),
        json!("-1/s"),
        json!("+1/s"),
        json!("1.5/s"),
        json!("10/day"),
        json!("20000/s"),
        json!("10001/s"),
        json!("99999999999/h"),
        json!(10),
        json!(true),
        json!(["10/s"]),
    ] {
        is_refused(
            "max_rate",
            value,
            &["\"600/min\"", "at most 10000/s; found "],
        );
    }
}

#[test]
fn a_receiver_has_no_word_unless_the_stage_says_so() {
    for (value, has) in [
        (Value::Null, false),
        (json!(false), false),
        (json!(true), true),
    ] {
        assert_eq!(
            read("receiver_control", value).unwrap().receiver_control,
            has
        );
    }
    for value in [json!("true"), json!(1)] {
        is_refused("receiver_control", value, &["must be true or false"]);
    }
}

/// To versions before these settings, they were unknown fields, which take anything.
#[test]
fn what_versions_before_stored_in_these_fields_is_not_obeyed() {
    for (field, value) in [
        ("breaker", json!("on")),
        ("breaker", json!({"limit": 5})),
        ("breaker_patience", json!("for ever")),
        ("max_rate", json!(100)),
        ("receiver_control", json!("yes")),
    ] {
        let json = with(field, value).to_string();
        assert!(Workflow::import(json.as_bytes()).is_err());
        let stored = Workflow::from_stored(json.as_bytes()).unwrap();
        let absent: Value = serde_json::from_slice(EXAMPLE).unwrap();
        let absent = Workflow::import(absent.to_string().as_bytes()).unwrap();
        assert_eq!(
            stored.stages[1].webhook, absent.workflow.stages[1].webhook,
            "{field}"
        );
    }
}
