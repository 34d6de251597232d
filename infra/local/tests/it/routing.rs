//! Edges: forward, back, unconnected, round and round.

use std::collections::BTreeSet;

use crate::support::{
    Call, Endpoint, code, directory, document, rows, run, stderr, webhook_stage, workflow,
};

fn one_document(directory: &std::path::Path) -> std::path::PathBuf {
    let path = directory.join("d.json");
    std::fs::write(&path, document("d", &uuid::Uuid::from_u128(1).to_string())).unwrap();
    path
}

#[test]
fn without_a_failed_edge_the_file_stays_and_is_listed() {
    let (endpoint, state) = (Endpoint::start("500"), directory());
    let path = state.path().join("w.json");
    std::fs::write(
        &path,
        workflow(&endpoint.url(), &[("Hook", Some("Next"), None)]),
    )
    .unwrap();
    let document = one_document(state.path());
    let dir = state.path().join("s");
    let output = run(&endpoint, &dir, &path, &[&document]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert_eq!(rows(&output)[0]["moved_to"], serde_json::Value::Null);
    let status = webhook_stage()
        .args(["status", "--failed", "--json", "--state"])
        .arg(&dir)
        .output()
        .unwrap();
    let listed = rows(&status);
    assert_eq!(listed.len(), 1, "{}", stderr(&status));
    assert_eq!(
        (&listed[0]["stage"], &listed[0]["outcome"]),
        (&"Hook".into(), &"failed".into())
    );
    assert_eq!(listed[0]["attempts"], 6);
}

#[test]
fn a_failed_file_may_go_to_a_webhook_stage_of_its_own() {
    let (endpoint, state) = (Endpoint::start("500"), directory());
    let path = state.path().join("w.json");
    let stages = [
        ("Hook", Some("Next"), Some("Alarm")),
        ("Alarm", Some("Next"), Some("Failures")),
    ];
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    let document = one_document(state.path());
    let output = run(&endpoint, &state.path().join("s"), &path, &[&document])
        .output()
        .unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    let row = &rows(&output)[0];
    assert_eq!(
        (&row["stage"], &row["moved_to"]),
        (&"Hook".into(), &"Alarm".into())
    );
    let then = &row["then"][0];
    assert_eq!(
        (&then["stage"], &then["moved_to"]),
        (&"Alarm".into(), &"Failures".into())
    );
    assert_eq!(endpoint.count(), 6 + 3);
}

#[test]
fn a_file_that_fails_further_on_has_failed_then_and_later() {
    let (well, ill, state) = (Endpoint::start("200"), Endpoint::start("410"), directory());
    let path = state.path().join("w.json");
    let stages = [("Hook", Some("Then"), None), ("Then", Some("Next"), None)];
    let json = workflow(&well.url(), &stages);
    let (first, second) = json.rsplit_once(&well.url()).unwrap();
    std::fs::write(&path, format!("{first}{}{second}", ill.url())).unwrap();
    let document = one_document(state.path());
    let mut command = run(&well, &state.path().join("s"), &path, &[&document]);
    for (outcome, count) in [("succeeded", 1), ("already_passed", 1)] {
        let output = command.output().unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert_eq!(rows(&output)[0]["outcome"], outcome);
        assert_eq!(rows(&output)[0]["then"][0]["outcome"], "failed");
        let said = stderr(&output);
        assert!(said.contains("1 failed"), "{said}");
        assert!(said.contains("--stage \"Then\""), "{said}");
        assert_eq!((well.count(), ill.count()), (count, count));
    }
}

#[test]
fn a_cycle_of_webhook_stages_ends_at_the_hop_limit() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let path = state.path().join("w.json");
    let stages = [("Ping", Some("Pong"), None), ("Pong", Some("Ping"), None)];
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    let document = one_document(state.path());
    let dir = state.path().join("s");
    let output = run(&endpoint, &dir, &path, &[&document]).output().unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    let limit = usize::try_from(delivery::machine::HOP_LIMIT).unwrap();
    assert_eq!(endpoint.count(), limit);
    let trace = |call: &Call| call.header("traceparent").unwrap()[..36].to_owned();
    let traces: BTreeSet<String> = endpoint.calls().iter().map(trace).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    let row = &rows(&output)[0];
    let last = row["then"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["reason"], &last["attempts"]),
        (&"hop_limit".into(), &0.into())
    );
    let status = webhook_stage()
        .args(["status", "--failed", "--json", "--state"])
        .arg(&dir)
        .output()
        .unwrap();
    assert_eq!(rows(&status)[0]["reason"], "hop_limit");
}

#[test]
fn gone_and_redirects_have_reasons_of_their_own() {
    for (status, reason, calls) in [
        ("410", "gone", 1),
        ("302", "redirect", 6),
        ("404", "http_status", 6),
    ] {
        let (endpoint, state) = (Endpoint::start(status), directory());
        let path = state.path().join("w.json");
        std::fs::write(
            &path,
            workflow(&endpoint.url(), &[("Hook", Some("A"), Some("B"))]),
        )
        .unwrap();
        let document = one_document(state.path());
        let output = run(&endpoint, &state.path().join("s"), &path, &[&document])
            .output()
            .unwrap();
        let row = &rows(&output)[0];
        assert_eq!(
            (&row["reason"], &row["moved_to"]),
            (&reason.into(), &"B".into())
        );
        assert_eq!(endpoint.count(), calls, "{status}");
    }
}
