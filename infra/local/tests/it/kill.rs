//! `kill -9` at any moment.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::support::{Endpoint, code, directory, document, example, rows, run, stderr};

const FILES: usize = 500;
const KILLS: usize = 10;

/// Every file is delivered, none is lost or stuck; a call is doubled only if its result could not be
/// recorded (invariant 4), and then under the same `webhook-id` and attempt.
#[test]
fn killed_ten_times_nothing_is_lost() {
    let endpoint = Endpoint::with("200", Duration::from_millis(60), "");
    let state = directory();
    let docs = state.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    for n in 0..FILES {
        let id = uuid::Uuid::from_u128(n as u128 + 1).to_string();
        std::fs::write(
            docs.join(format!("{n:04}.json")),
            document(&format!("f{n}"), &id),
        )
        .unwrap();
    }
    let dir = state.path().join("s");
    let start = || {
        let mut command = run(&endpoint, &dir, &example("workflow.json"), &[&docs]);
        command.args(["--concurrency", "16"]);
        command
    };
    let mut doubled_at_most = 0;
    let mut killed = 0;
    for kill in 0..KILLS {
        let mut child = start()
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Moments spread over start, registration and the run itself.
        let moment = 40 + (kill as u64 * 7919 + u64::from(child.id())) % 260;
        std::thread::sleep(Duration::from_millis(moment));
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed += 1;
            doubled_at_most += 16;
        }
        child.wait().unwrap();
    }
    let output = start().output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let rows = rows(&output);
    assert_eq!(rows.len(), FILES);
    for row in &rows {
        let outcome = row["outcome"].as_str().unwrap();
        assert!(["succeeded", "already_passed"].contains(&outcome), "{row}");
    }
    // One delivery a file, under one id.
    let mut calls: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for call in endpoint.calls() {
        let body: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        let name = body["item"]["name"].as_str().unwrap().to_owned();
        let id = call.header("webhook-id").unwrap().to_owned();
        assert_eq!(
            *ids.entry(name.clone()).or_insert_with(|| id.clone()),
            id,
            "{name}"
        );
        let attempt = call.header("webhook-attempt").unwrap().to_owned();
        *calls.entry((id, attempt)).or_default() += 1;
    }
    assert_eq!(ids.len(), FILES);
    let doubled: usize = calls.values().map(|times| times - 1).sum();
    println!("{killed} kills, {FILES} files, {doubled} calls doubled (at most {doubled_at_most})");
    assert!(
        killed >= KILLS / 2,
        "the run was over too soon to be killed: {killed}"
    );
    assert!(doubled <= doubled_at_most, "{doubled}");
}
