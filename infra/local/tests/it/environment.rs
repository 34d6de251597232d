//! Secrets in the environment: one that cannot be used is named before anything is sent.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::{Endpoint, code, directory, example, stderr, webhook_stage};

/// Values that no receiver gets as they are, and a word of what is said.
const UNUSABLE: [(&[u8], &str); 11] = [
    (b"", "is empty"),
    (b"  ", "is empty"),
    (b"Bearer planted\n", "a line break"),
    (b"Bearer planted\r\n", "a line break"),
    (b"Bearer planted\r\nx-planted: y", "a line break"),
    (b"Bearer planted ", "ends with a blank"),
    (b" Bearer planted", "begins or ends with a blank"),
    (b"Bearer\tplanted", "a control character"),
    (b"Bearer planted\x01", "a control character"),
    ("Bearer plant\u{e9}d planted".as_bytes(), "not ASCII"),
    (b"Bearer planted\xff", "not ASCII"),
];

/// One line that names the variable and shows nothing of its value.
fn is_refused(command: &mut Command, variable: &str, says: &str) {
    let output = command.output().unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{command:?}: {said}");
    let errors: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with("error["))
        .collect();
    assert_eq!(errors.len(), 1, "{said}");
    assert!(
        errors[0].contains(variable) && errors[0].contains(says),
        "{said}"
    );
    assert!(!said.contains("planted") && output.stdout.is_empty());
}

#[test]
fn an_authorization_value_is_checked_on_every_way_in() {
    let (endpoint, dir) = (Endpoint::start("200"), directory());
    let url = endpoint.url();
    let (workflow, document) = (example("workflow.json"), example("documents/front_01.json"));
    let (workflow, document) = (workflow.to_str().unwrap(), document.to_str().unwrap());
    let state = dir.path().join("state");
    let state = state.to_str().unwrap();
    let call = ["--url", &url, "--authorization-env", "GIVEN_TOKEN"];
    let ways: [Vec<&str>; 5] = [
        [
            &["run", "--workflow", workflow, "--documents", document][..],
            &["--state", state],
            &["--allow-network", "127.0.0.0/8"],
            &call,
        ]
        .concat(),
        [&["ping", "--allow-network", "127.0.0.0/8"][..], &call].concat(),
        [
            &["workflow", "put", workflow, "--team", "t", "--state", state][..],
            &call,
        ]
        .concat(),
        [
            &["workflow", "put", workflow, "--team", "t", "--aws"][..],
            &call,
        ]
        .concat(),
        vec![
            "receive",
            "--listen",
            "127.0.0.1:0",
            "--token-env",
            "GIVEN_TOKEN",
        ],
    ];
    for way in &ways {
        for (value, says) in UNUSABLE {
            let mut command = webhook_stage();
            command
                .args(way)
                .env("GIVEN_TOKEN", OsStr::from_bytes(value));
            is_refused(&mut command, "GIVEN_TOKEN", says);
        }
        is_refused(webhook_stage().args(way), "GIVEN_TOKEN", "is not set");
    }
    assert_eq!(endpoint.count(), 0, "something was sent");
    assert!(!dir.path().join("state").exists(), "something was stored");
}

#[test]
fn a_value_given_for_the_variables_name_is_not_repeated() {
    let url = "https://receiver.example/";
    for value in ["Bearer planted", "planted=", "7planted"] {
        let mut command = webhook_stage();
        command.args(["ping", "--url", url, "--authorization-env", value]);
        is_refused(&mut command, "--authorization-env", "not the value");
    }
}

#[test]
fn signing_secrets_are_checked_before_anything_is_received() {
    let receive = || {
        let mut command = webhook_stage();
        command.args([
            "receive",
            "--listen",
            "127.0.0.1:0",
            "--token-env",
            "TEST_TOKEN",
        ]);
        command
    };
    for (value, says) in [
        (&b""[..], "is empty"),
        (b" ,\n", "no signing secret"),
        (b"planted", "signing secret 1"),
        (b"whsec_planted", "signing secret 1"),
        (
            b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw,whsec_planted=",
            "signing secret 2",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\u{a0}".as_bytes(),
            "signing secret 1",
        ),
        (b"whsec_planted\xff", "not ASCII"),
    ] {
        let mut command = receive();
        command.env("SIGNING_SECRETS", OsStr::from_bytes(value));
        is_refused(&mut command, "SIGNING_SECRETS", says);
    }
    let long = format!("Bearer planted{}", "x".repeat(8192));
    is_refused(
        receive().env("TEST_TOKEN", long),
        "TEST_TOKEN",
        "8192 bytes",
    );
}
