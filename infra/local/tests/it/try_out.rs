//! `try` and `workflow check`: what a person sees before anything is stored.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::own::Own;
use crate::support::{code, directory, example, stderr, webhook_stage};

const PLANTED: &str = "planted-7f3e-secret";

/// An example workflow with other settings of its first Webhook stage.
fn with(settings: &Value) -> (tempfile::TempDir, PathBuf) {
    let directory = directory();
    let mut workflow: Value =
        serde_json::from_slice(&std::fs::read(example("workflow.json")).unwrap()).unwrap();
    let config = workflow["stages"][1]["config"].as_object_mut().unwrap();
    config.remove("authorization_header");
    for (field, value) in settings.as_object().unwrap() {
        config.insert(field.clone(), value.clone());
    }
    let path = directory.path().join("workflow.json");
    std::fs::write(&path, workflow.to_string()).unwrap();
    (directory, path)
}

/// Exit code, standard output and standard error of `try` with a document that has a tag.
fn tried(settings: &Value, more: &[&str]) -> (i32, String, String) {
    let (_directory, workflow) = with(settings);
    let output = webhook_stage()
        .arg("try")
        .arg("--workflow")
        .arg(workflow)
        .arg("--document")
        .arg(example("documents/front_01.json"))
        .args(more)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        !out.contains(PLANTED) && !stderr(&output).contains(PLANTED),
        "{out}"
    );
    (code(&output), out, stderr(&output))
}

fn checked(settings: &Value) -> (i32, String, String) {
    let (_directory, workflow) = with(settings);
    let output = webhook_stage()
        .args(["workflow", "check"])
        .arg(workflow)
        .output()
        .unwrap();
    let out = String::from_utf8(output.stdout.clone()).unwrap();
    (code(&output), out, stderr(&output))
}

#[test]
fn the_exact_request_is_shown_without_secrets() {
    let (code, out, _) = tried(
        &json!({
            "url": format!("https://receiver.example/hook?token={PLANTED}"),
            "authorization_header": format!("Bearer {PLANTED}"),
            "headers": {"X-Team": "labels", "X-Key": {"secret": PLANTED}},
            "signing_secrets": ["whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"],
            "method": "PUT",
            "body": {"file": "{{ item.name }}", "n": "{{ annotations|length }}"},
        }),
        &[],
    );
    assert_eq!(code, 0, "{out}");
    for line in [
        "PUT https://receiver.example/hook?token=[redacted]",
        "authorization: [secret]",
        "x-key: [secret]",
        "x-team: labels",
        "webhook-signature: [secret]",
        "content-type: application/json",
        "{\"file\": \"front_01.jpg\",\"n\": 1 }",
        "200 to 299: the file succeeds, and goes to \"Annotate\"",
        "410: the file fails at once",
    ] {
        assert!(
            out.lines().any(|found| found.starts_with(line)),
            "{line}: {out}"
        );
    }
    assert!(out.contains("300 to 409, 411 to 599, no answer: called again after 10 s, 30 s"));
}

#[test]
fn a_fixed_value_beside_another_authorization_is_refused() {
    let signed = json!({"type": "aws_sigv4", "service": "lambda", "region": "eu-west-1"});
    let (code, _, error) = tried(
        &json!({"authorization": signed}),
        &["--authorization-env", "TEST_TOKEN"],
    );
    assert_eq!(code, 1);
    assert!(
        error.contains("--authorization-env") && error.contains("one or the other"),
        "{error}"
    );
}

#[test]
fn what_is_repeated_is_what_the_stage_says() {
    let (_, out, _) = tried(
        &json!({"retry_on": ["5xx", 409], "retry_delays": ["1h", "24h"], "authorization_header": null}),
        &[],
    );
    assert!(
        out.contains("409, 500 to 599: called again after 60 min, 24 h"),
        "{out}"
    );
    assert!(
        out.contains("300 to 408, 410 to 499, no answer: the file fails at once"),
        "{out}"
    );
}

#[test]
fn the_condition_is_told() {
    let condition = |text: &str| tried(&json!({"condition": text}), &[]);
    let (code, out, _) = condition("has_tag('no_finding')");
    assert_eq!(code, 0);
    assert!(
        out.contains("it holds: the file is sent") && out.contains("POST https://"),
        "{out}"
    );
    let (code, out, _) = condition("count('heart') > 0");
    assert_eq!(code, 0);
    assert!(out.contains("it does not hold: the file is skipped, and goes to \"Annotate\""));
    assert!(!out.contains("POST"), "{out}");
    let (code, out, _) = condition("item.nmae == 'x'");
    assert_eq!(code, 2);
    assert!(out.contains("condition_invalid: line 1, column 1"), "{out}");
    assert!(out.contains("the file fails"), "{out}");
}

#[test]
fn with_send_the_call_is_made_as_shown() {
    let receiver = Own::start(|call, method| {
        let is_right = method == "PATCH" && call.body == b"front_01.jpg of example-clinic";
        let status = if is_right { 200 } else { 400 };
        (status, "text/plain", format!("thanks {PLANTED}"))
    });
    let url = format!("http://{}/hook", receiver.address);
    let settings = json!({
        "url": url, "method": "PATCH", "authorization_header": format!("Bearer {PLANTED}"),
        "body": "{{ item.name }} of {{ team }}", "content_type": "text/plain; charset=utf-8",
    });
    let (code, out, hint) = tried(&settings, &["--send"]);
    assert_eq!(code, 2, "{out}");
    assert!(
        out.contains("forbidden_address") && hint.contains("--allow-network"),
        "{out}{hint}"
    );
    assert_eq!(receiver.calls().len(), 0);
    let (code, out, _) = tried(&settings, &["--send", "--allow-network", "127.0.0.0/8"]);
    assert_eq!(code, 0, "{out}");
    assert!(
        out.contains("HTTP 200") && out.contains("thanks [redacted]"),
        "{out}"
    );
    let calls = receiver.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        calls[0].header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[test]
fn check_explains_each_problem() {
    let (code, out, _) = checked(&json!({"condition": "has_tag('x')", "max_retries": 1}));
    assert_eq!(code, 0);
    assert!(
        out.contains("only if has_tag('x')") && out.contains("one retry after 10 s"),
        "{out}"
    );
    for (settings, says) in [
        (
            json!({"condition": "has_tags('x')"}),
            "error[invalid_condition]",
        ),
        (
            json!({"condition": "a b"}),
            "its condition cannot be used: line 1, column 3",
        ),
        (
            json!({"body": "{{ item.name"}),
            "its body cannot be used: line 1",
        ),
        (json!({"body": "{\"a\": {{ item.name }}}"}), "not JSON"),
        (json!({"headers": {"Host": "x"}}), "reserved"),
        (
            json!({"client_certificate": {"certificate": "c", "key": PLANTED}}),
            "PEM",
        ),
    ] {
        let (code, out, error) = checked(&settings);
        assert_eq!(code, 1, "{settings}: {out}");
        assert!(
            error.contains(says) && !error.contains(PLANTED),
            "{settings}: {error}"
        );
        assert!(
            error.lines().all(|line| line.starts_with("error[")),
            "{error}"
        );
    }
    let (code, _, warned) = checked(&json!({"body": "{{ item.slots[7].width }}"}));
    assert_eq!(code, 0);
    assert!(warned.contains("warning[template_fails]") && warned.contains("webhook-stage try"));
}

#[test]
fn the_schema_is_printed() {
    let output = webhook_stage()
        .args(["workflow", "schema"])
        .output()
        .unwrap();
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["condition"].is_object());
}
