//! Import: tolerant of what V7 may add, strict about what cannot work, silent about secrets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use workflow::{StageKind, Workflow};

const EXAMPLE: &[u8] = include_bytes!("data/two_webhooks.json");
const PLANTED: &str = "Bearer planted-in-the-workflow";
const SIGNING: &str = "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC0xMjM0";

fn example() -> Value {
    serde_json::from_slice(EXAMPLE).unwrap()
}

fn import(document: &Value) -> Result<workflow::Imported, workflow::ImportError> {
    Workflow::import(document.to_string().as_bytes())
}

/// The example with one field of the first Webhook stage's config changed.
fn with(field: &str, value: Value) -> Value {
    let mut document = example();
    document["stages"][1]["config"][field] = value;
    document
}

fn codes(document: &Value) -> Vec<&'static str> {
    match import(document) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(workflow::Problem::code).collect(),
    }
}

#[test]
fn the_example_imports_without_a_warning_but_for_nothing() {
    let imported = Workflow::import(EXAMPLE).unwrap();
    assert!(imported.warnings.is_empty(), "{:?}", imported.warnings);
    let workflow = imported.workflow;
    assert_eq!(workflow.first_webhook().unwrap().name, "Notify");
    assert_eq!(workflow.entry().unwrap().kind, StageKind::Dataset);
    let webhook = workflow
        .find_stage("notify")
        .unwrap()
        .webhook
        .as_ref()
        .unwrap();
    assert!(webhook.retry_if_fails && !webhook.include_annotations);
    assert_eq!(imported.secrets.len(), 2);
}

#[test]
fn nulls_absent_fields_and_unknown_things_are_accepted_and_kept() {
    let mut document = example();
    document["future_field"] = json!({"a": [1, 2]});
    document["stages"][3]["type"] = json!("teleport");
    document["stages"][3]["novel"] = json!("kept");
    document["stages"][1]["config"] = json!({
        "url": "https://receiver.example/x?y=1", "retry_if_fails": null,
        "include_annotations": null, "authorization_header": null, "max_retries": null,
        "retry_delays": null, "timeout": null, "signing_secrets": null, "other": {"kept": true},
    });
    document["thumbnails"] = Value::Null;
    document["stages"][4]["assignable_users"] = Value::Null;
    let imported = import(&document).unwrap();
    let webhook = imported.workflow.stages[1].webhook.clone().unwrap();
    assert!(webhook.retry_if_fails && webhook.include_annotations && webhook.secret_ref.is_none());
    assert!(
        imported
            .warnings
            .iter()
            .any(|warning| warning.code() == "unknown_stage_type")
    );
    let stored: Value = serde_json::from_slice(&imported.workflow.to_json()).unwrap();
    assert_eq!(stored["future_field"], json!({"a": [1, 2]}));
    assert_eq!(stored["stages"][3]["novel"], "kept");
    assert_eq!(
        stored["stages"][1]["config"]["other"],
        json!({"kept": true})
    );
}

#[test]
fn what_is_stored_reads_back_the_same_and_holds_no_secret() {
    let mut document = with("authorization_header", json!(PLANTED));
    document["stages"][1]["config"]["signing_secrets"] = json!([SIGNING]);
    // V7 writes the key into every stage's config.
    document["stages"][3]["config"]["authorization_header"] = json!(PLANTED);
    let imported = import(&document).unwrap();
    let (reference, secrets) = &imported.secrets[0];
    assert_eq!(
        secrets.authorization.as_ref().unwrap().expose_secret(),
        PLANTED
    );
    assert_eq!(secrets.signing_secrets[0].expose_secret(), SIGNING);
    let stored = imported.workflow.to_json();
    let text = String::from_utf8(stored.clone()).unwrap();
    let debug = format!("{imported:?}");
    for needle in ["planted-in-the-workflow", "cGxhbnRl"] {
        assert!(!text.contains(needle) && !debug.contains(needle));
    }
    let again = Workflow::import(&stored).unwrap();
    assert_eq!(again.workflow, imported.workflow);
    assert!(again.secrets.is_empty());
    let webhook = again.workflow.stages[1].webhook.as_ref().unwrap();
    assert_eq!(webhook.secret_ref.as_ref(), Some(reference));
}

#[test]
fn settings_are_read_in_all_their_forms() {
    let document = with("retry_delays", json!([1, 0.5, "250ms", "2min", "10s"]));
    let webhook = import(&document).unwrap().workflow.stages[1]
        .webhook
        .clone()
        .unwrap();
    let millis: Vec<u128> = webhook
        .retry_delays
        .unwrap()
        .iter()
        .map(Duration::as_millis)
        .collect();
    assert_eq!(millis, [1000, 500, 250, 120_000, 10_000]);
}

#[test]
fn each_mistake_has_its_code() {
    for (field, values, code) in [
        ("url", vec![json!(null), json!(""), json!("  ")], "no_url"),
        (
            "url",
            vec![
                json!("x"),
                json!("ftp://a/"),
                json!("https://u:p@a/"),
                json!("http://"),
            ],
            "invalid_url",
        ),
        (
            "authorization_header",
            vec![json!("a\r\nb: c"), json!("tökén"), json!(7)],
            "invalid_authorization_header",
        ),
        (
            "max_retries",
            vec![json!(21), json!(-1), json!(1.5), json!("5")],
            "invalid_max_retries",
        ),
        (
            "retry_delays",
            vec![
                json!(["25h"]),
                json!([-1]),
                json!("10s"),
                json!(["soon"]),
                json!(vec![1; 21]),
            ],
            "invalid_retry_delays",
        ),
        (
            "timeout",
            vec![json!(0), json!(301), json!("fast")],
            "invalid_duration",
        ),
        (
            "signing_secrets",
            vec![json!(["whsec_short"]), json!("whsec_"), json!([1])],
            "invalid_signing_secret",
        ),
    ] {
        for value in values {
            assert_eq!(
                codes(&with(field, value.clone())),
                [code],
                "{field}: {value}"
            );
        }
    }
    let mut nowhere = example();
    nowhere["stages"][1]["edges"][0]["target_stage_id"] = json!(uuid::Uuid::nil());
    assert_eq!(codes(&nowhere), ["edge_to_nowhere"]);
    let mut entryless = example();
    entryless["stages"].as_array_mut().unwrap().remove(0);
    assert_eq!(codes(&entryless), ["no_entry_stage"]);
    let mut twice = example();
    let copy = twice["stages"][6].clone();
    twice["stages"].as_array_mut().unwrap().push(copy);
    assert_eq!(codes(&twice), ["duplicate_stage"]);
}

#[test]
fn mistakes_name_their_stage_and_never_their_secret() {
    let document = with("authorization_header", json!("planted\nsecret"));
    let text = import(&document).unwrap_err().to_string();
    assert!(
        text.contains("\"Notify\"") && !text.contains("planted"),
        "{text}"
    );
    let error = Workflow::import(b"{\n  \"id\": ?\n}").unwrap_err();
    assert!(error.to_string().contains("line 2, column 9"), "{error}");
}

#[test]
fn loose_ends_are_warnings() {
    let mut document = example();
    document["stages"][1]["edges"].as_array_mut().unwrap().pop();
    document["stages"][4]["config"]["url"] = json!("http://receiver.example/");
    document["stages"].as_array_mut().unwrap().push(json!({
        "id": uuid::Uuid::nil(), "name": "Island", "type": "annotate", "config": {}, "edges": [],
    }));
    let imported = import(&document).unwrap();
    let codes: Vec<_> = imported
        .warnings
        .iter()
        .map(workflow::Warning::code)
        .collect();
    for code in ["failed_unconnected", "secret_in_clear", "unreachable_stage"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
}

#[test]
fn v7s_own_files_import_or_say_why_not() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/workflow");
    if !shared.exists() {
        return;
    }
    let read = |name: &str| std::fs::read(shared.join(name)).unwrap();
    let imported = Workflow::import(&read("webhook_first.json")).unwrap();
    assert_eq!(imported.workflow.webhook_stages().count(), 2);
    let error = Workflow::import(&read("v7_sample_annotate.json")).unwrap_err();
    let codes: Vec<_> = error.problems.iter().map(workflow::Problem::code).collect();
    assert_eq!(
        codes,
        ["edge_to_nowhere", "no_entry_stage"]
            .iter()
            .rev()
            .copied()
            .collect::<Vec<_>>()
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = Workflow::import(&bytes);
    }

    /// The real thing with one value replaced by anything: read or refused, and what is read is stable.
    #[test]
    fn mutated_workflows_are_read_or_refused(
        stage in 0_usize..7,
        field in prop::sample::select(vec!["id", "name", "type", "config", "edges", "assignable_users"]),
        value in prop_oneof![
            Just(Value::Null), any::<bool>().prop_map(Value::from), any::<f64>().prop_map(|n| json!(n)),
            ".{0,20}".prop_map(Value::from), Just(json!([])), Just(json!({})), Just(json!([{}])),
            Just(json!([null, 1, "x"])), Just(json!({"url": 1, "initial": "yes"})),
        ],
    ) {
        let mut document = example();
        document["stages"][stage][field] = value;
        if let Ok(imported) = import(&document) {
            let again = Workflow::import(&imported.workflow.to_json()).unwrap().workflow;
            prop_assert_eq!(again, imported.workflow);
        }
    }
}
