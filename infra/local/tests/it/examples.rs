//! The example workflows, each against a receiver that checks what the real one documents.

use std::process::Output;

use serde_json::Value;

use crate::own::{Answer, Own};
use crate::support::{Call, code, directory, example, rows, stderr, webhook_stage};

/// Sends all example documents through a workflow's Webhook stage, to a receiver on this machine with the same path.
fn sent(workflow: &str, receiver: &Own) -> Output {
    let state = directory();
    let json: Value = serde_json::from_slice(&std::fs::read(example(workflow)).unwrap()).unwrap();
    let url = json["stages"][1]["config"]["url"].as_str().unwrap();
    let path = url.splitn(4, '/').nth(3).unwrap();
    // A fast rate instead of the example's, which would make the test wait.
    let mut fast = json.clone();
    fast["stages"][1]["config"]["max_rate"] = Value::Null;
    let file = state.path().join("workflow.json");
    std::fs::write(&file, fast.to_string()).unwrap();
    let output = webhook_stage()
        .arg("run")
        .arg("--workflow")
        .arg(file)
        .arg("--documents")
        .arg(example("documents"))
        .args(["--url", &format!("http://{}/{path}", receiver.address)])
        .args(["--allow-network", "127.0.0.0/8", "--json", "--state"])
        .arg(state.path().join("state"))
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    output
}

fn outcomes(output: &Output, outcome: &str) -> usize {
    let rows = rows(output);
    rows.iter().filter(|row| row["outcome"] == outcome).count()
}

/// Slack's incoming webhooks: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, and the limits of
/// docs.slack.dev/reference/block-kit/blocks.
fn slack(call: &Call, method: &str) -> Answer {
    let refused = |status, code: &str| (status, "text/plain", code.to_owned());
    if method != "POST" || call.header("content-type") != Some("application/json") {
        return refused(400, "invalid_payload");
    }
    if call.path != "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX" {
        return refused(404, "no_service");
    }
    let Ok(payload) = serde_json::from_slice::<Value>(&call.body) else {
        return refused(400, "invalid_payload");
    };
    if payload["text"].as_str().is_none_or(str::is_empty) {
        return refused(400, "no_text");
    }
    let blocks = payload["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let text = |text: &Value, kind: &str, most: usize| {
        let written = text["text"].as_str().unwrap_or_default();
        text["type"] == kind && (1..=most).contains(&written.chars().count())
    };
    let is_block = |block: &Value| match block["type"].as_str() {
        Some("header") => text(&block["text"], "plain_text", 150),
        Some("section") => text(&block["text"], "mrkdwn", 3000),
        Some("context") => {
            let elements = block["elements"].as_array();
            elements.is_some_and(|elements| {
                (1..=10).contains(&elements.len())
                    && elements.iter().all(|element| text(element, "mrkdwn", 3000))
            })
        }
        _ => false,
    };
    if blocks.len() > 50 || !blocks.iter().all(is_block) {
        return refused(400, "invalid_blocks");
    }
    refused(200, "ok")
}

#[test]
fn slack_is_told_of_the_files_with_a_tag() {
    let receiver = Own::start(slack);
    let output = sent("slack.json", &receiver);
    assert_eq!(outcomes(&output, "succeeded"), 3);
    assert_eq!(outcomes(&output, "skipped"), 21);
    assert!(stderr(&output).contains("24 files: 3 succeeded, 21 skipped"));
    let calls = receiver.calls();
    assert_eq!(calls.len(), 3, "nothing is sent for the others");
    for call in &calls {
        let payload: Value = serde_json::from_slice(&call.body).unwrap();
        let text = payload["text"].as_str().unwrap();
        assert!(text.starts_with("No finding in front_"), "{text}");
        let told = payload["blocks"][2]["elements"][0]["text"]
            .as_str()
            .unwrap();
        assert!(told.starts_with("1 × no_finding"), "{told}");
    }
}

/// A catch hook of Zapier's "Webhooks by Zapier", for JSON: an object makes one run of the Zap; a list would make one for
/// each entry. Nested fields are flattened with two underscores.
fn zapier(call: &Call, method: &str) -> Answer {
    let refused = |code: &str| {
        let body = format!("{{\"status\": \"error\", \"error\": \"{code}\"}}");
        (400, "application/json", body)
    };
    if !matches!(method, "GET" | "POST" | "PUT") {
        return refused("method");
    }
    match serde_json::from_slice::<Value>(&call.body) {
        Ok(Value::Object(fields)) if fields.values().all(|field| !field.is_object()) => {
            let body = r#"{"attempt": "1", "id": "1", "request_id": "1", "status": "success"}"#;
            (200, "application/json", body.to_owned())
        }
        _ => refused("payload"),
    }
}

#[test]
fn zapier_gets_flat_fields_of_each_file() {
    let receiver = Own::start(zapier);
    let output = sent("zapier.json", &receiver);
    assert_eq!(outcomes(&output, "succeeded"), 24);
    let calls = receiver.calls();
    assert_eq!(calls.len(), 24);
    for call in &calls {
        let fields: Value = serde_json::from_slice(&call.body).unwrap();
        assert!(fields["annotations"].is_u64(), "{fields}");
        assert_eq!(fields["delivery_id"].as_str(), call.header("webhook-id"));
        if fields["file"] == "front_02.jpg" {
            assert_eq!(fields["classes"], "heart, lung_left, lung_right");
        }
    }
}
