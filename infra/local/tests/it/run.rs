//! `run`: what is sent, how often, and where files go.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    Endpoint, code, contents, directory, document, example, in_shell, rows, run, shared, stderr,
    webhook_stage, without_breaker,
};

/// The workflows and documents to run over: this project's own, and V7's where they are.
fn worlds() -> Vec<(std::path::PathBuf, std::path::PathBuf)> {
    let own = (example("workflow.json"), example("documents"));
    let real = shared("workflow/webhook_first.json").zip(shared("darwin-json"));
    std::iter::once(own).chain(real).collect()
}

#[test]
fn bodies_with_annotations_are_the_files_byte_for_byte() {
    for (workflow, documents) in worlds() {
        let (endpoint, state) = (Endpoint::start("200"), directory());
        let output = run(&endpoint, state.path(), &workflow, &[&documents])
            .args(["--stage", "Check"])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let mut expected = contents(&documents);
        let mut bodies: Vec<_> = endpoint.calls().into_iter().map(|call| call.body).collect();
        expected.sort();
        bodies.sort();
        assert_eq!(bodies.len(), expected.len());
        assert!(bodies == expected, "a body is not its file");
    }
}

#[test]
fn bodies_without_annotations_are_the_documents_less_them() {
    for (workflow, documents) in worlds() {
        let (endpoint, state) = (Endpoint::start("200"), directory());
        let output = run(&endpoint, state.path(), &workflow, &[&documents])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let without = |bytes: &[u8]| {
            let mut value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            value
                .as_object_mut()
                .unwrap()
                .retain(|name, _| name != "annotations" && name != "properties");
            value.to_string()
        };
        let mut expected: Vec<_> = contents(&documents)
            .iter()
            .map(|file| without(file))
            .collect();
        let sent = |bytes: &[u8]| {
            serde_json::from_slice::<serde_json::Value>(bytes)
                .unwrap()
                .to_string()
        };
        let mut bodies: Vec<_> = endpoint
            .calls()
            .iter()
            .map(|call| sent(&call.body))
            .collect();
        expected.sort();
        bodies.sort();
        assert_eq!(bodies, expected);
    }
}

#[test]
fn headers_are_as_documented() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let document = example("documents/front_01.json");
    let output = run(
        &endpoint,
        state.path(),
        &example("workflow.json"),
        &[&document],
    )
    .output()
    .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let calls = endpoint.calls();
    let call = &calls[0];
    assert_eq!((call.status, call.path.as_str()), (200, "/hook?value=foo"));
    assert_eq!(call.header("content-type"), Some("application/json"));
    let agent = format!("webhook-stage/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(call.header("user-agent"), Some(agent.as_str()));
    assert_eq!(call.header("webhook-attempt"), Some("1"));
    let workflow: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example("workflow.json")).unwrap()).unwrap();
    assert_eq!(call.header("webhook-workflow-id"), workflow["id"].as_str());
    assert_eq!(
        call.header("webhook-stage-id"),
        workflow["stages"][1]["id"].as_str()
    );
    let sent: i64 = call.header("webhook-timestamp").unwrap().parse().unwrap();
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(now.abs_diff(u64::try_from(sent).unwrap()) < 60);
    assert!(uuid::Uuid::parse_str(call.header("webhook-id").unwrap()).is_ok());
}

#[test]
fn a_receiver_that_always_refuses_gets_six_calls_a_file_and_the_failed_edge() {
    for (workflow, documents) in worlds() {
        let (endpoint, state) = (Endpoint::start("503"), directory());
        let workflow = without_breaker(&workflow, state.path());
        let output = run(&endpoint, state.path(), &workflow, &[&documents])
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        let rows = rows(&output);
        assert_eq!(endpoint.count(), rows.len() * 6);
        for row in rows {
            assert_eq!(row["outcome"], "failed");
            assert_eq!((&row["attempts"], &row["status"]), (&6.into(), &503.into()));
            assert_eq!(row["reason"], "http_status");
            let moved_to = row["moved_to"].as_str().unwrap();
            assert!(
                ["Not notified", "Notification failed"].contains(&moved_to),
                "{moved_to}"
            );
        }
    }
}

#[test]
fn a_receiver_that_recovers_gets_three_calls_with_one_id() {
    for (workflow, documents) in worlds() {
        let (endpoint, state) = (Endpoint::start("503,503,200"), directory());
        let workflow = without_breaker(&workflow, state.path());
        let output = run(&endpoint, state.path(), &workflow, &[&documents])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let rows = rows(&output);
        assert!(
            rows.iter()
                .all(|row| row["outcome"] == "succeeded" && row["attempts"] == 3)
        );
        let mut attempts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut parents = BTreeSet::new();
        for call in endpoint.calls() {
            let id = call.header("webhook-id").unwrap().to_owned();
            // One trace for each file, and a parent for each call.
            let traceparent = call.header("traceparent").unwrap();
            let trace = id.replace('-', "");
            assert!(
                traceparent.starts_with(&format!("00-{trace}-")),
                "{traceparent}"
            );
            assert!(traceparent.ends_with("-01"), "{traceparent}");
            assert!(
                parents.insert(traceparent[36..52].to_owned()),
                "{traceparent}"
            );
            attempts
                .entry(id)
                .or_default()
                .insert(call.header("webhook-attempt").unwrap().into());
        }
        assert_eq!(attempts.len(), rows.len());
        let three: BTreeSet<String> = ["1", "2", "3"].map(str::to_owned).into();
        assert!(attempts.values().all(|seen| *seen == three));
    }
}

#[test]
fn a_worker_fires_nothing_and_each_file_says_so() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let documents = example("documents");
    let output = run(
        &endpoint,
        state.path(),
        &example("workflow.json"),
        &[&documents],
    )
    .args(["--as", "annotator"])
    .output()
    .unwrap();
    assert_eq!(code(&output), 2);
    let rows = rows(&output);
    assert_eq!(rows.len(), 24);
    for row in &rows {
        assert_eq!(row["outcome"], "rejected");
        assert_eq!(row["reason"], "worker_cannot_fire_automated_stage");
    }
    assert_eq!(endpoint.count(), 0);
    for role in ["owner", "admin", "member", "workforce_manager"] {
        let state = directory();
        let document = example("documents/front_01.json");
        let output = run(
            &endpoint,
            state.path(),
            &example("workflow.json"),
            &[&document],
        )
        .args(["--as", role])
        .output()
        .unwrap();
        assert_eq!(code(&output), 0, "{role}");
    }
    assert_eq!(endpoint.count(), 4);
}

#[test]
fn a_low_limit_of_open_files_costs_no_retries() {
    let endpoint = Endpoint::with("200", std::time::Duration::from_millis(20), "");
    let state = directory();
    let (workflow, documents) = (example("workflow.json"), example("documents"));
    let command = run(&endpoint, state.path(), &workflow, &[&documents]);
    let output = in_shell("ulimit -n 40;", &command).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(rows(&output).iter().all(|row| row["attempts"] == 1));
    assert!(
        stderr(&output).contains("open files"),
        "{}",
        stderr(&output)
    );
}

/// Two teams in one directory: the one whose assignment was rejected is not always the last.
#[test]
fn a_rejected_files_reason_is_found_whichever_team_it_is_of() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let id = |number| uuid::Uuid::from_u128(number).to_string();
    for (number, team) in [(1, "a"), (2, "b")] {
        let text =
            document("d", &id(number)).replace("\"slug\":\"t\"", &format!("\"slug\":\"{team}\""));
        std::fs::write(state.path().join(format!("{team}.json")), text).unwrap();
    }
    let documents = [state.path().join("a.json"), state.path().join("b.json")];
    let documents = documents.each_ref().map(|path| path.as_path());
    let dir = state.path().join("s");
    let mut command = run(&endpoint, &dir, &example("workflow.json"), &documents);
    let output = command.args(["--as", "annotator"]).output().unwrap();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    for number in [1, 2] {
        let mut status = webhook_stage();
        status
            .args(["status", "--item", &id(number), "--state"])
            .arg(&dir);
        let said = stderr(&status.output().unwrap());
        assert!(said.contains("was rejected"), "{said}");
    }
}

#[test]
fn a_second_run_calls_nobody_again() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let documents = shared("darwin-json").unwrap_or_else(|| example("documents"));
    let workflow =
        shared("workflow/webhook_first.json").unwrap_or_else(|| example("workflow.json"));
    let first = run(&endpoint, state.path(), &workflow, &[&documents])
        .output()
        .unwrap();
    assert_eq!(code(&first), 0);
    let calls = endpoint.count();
    let second = run(&endpoint, state.path(), &workflow, &[&documents])
        .output()
        .unwrap();
    assert_eq!(code(&second), 0, "{}", stderr(&second));
    assert_eq!(endpoint.count(), calls);
    let again = rows(&second);
    assert_eq!(again.len(), rows(&first).len());
    assert!(again.iter().all(|row| row["outcome"] == "already_passed"));
}

#[test]
fn failed_files_are_sent_again_only_by_redeliver() {
    let (down, state) = (Endpoint::start("500"), directory());
    let (workflow, documents) = (example("workflow.json"), example("documents/front_01.json"));
    assert_eq!(
        code(
            &run(&down, state.path(), &workflow, &[&documents])
                .output()
                .unwrap()
        ),
        2
    );
    assert_eq!(down.count(), 6);
    let up = Endpoint::start("200");
    let again = run(&up, state.path(), &workflow, &[&documents])
        .output()
        .unwrap();
    assert_eq!((code(&again), up.count()), (2, 0), "{}", stderr(&again));
    assert!(stderr(&again).contains("redeliver"), "{}", stderr(&again));
    let output = webhook_stage()
        .args([
            "redeliver",
            "--stage",
            "notify",
            "--json",
            "--allow-network",
            "127.0.0.0/8",
        ])
        .arg("--state")
        .arg(state.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(
        (up.count(), rows(&output)[0]["outcome"].clone()),
        (1, "succeeded".into())
    );
    let status = webhook_stage()
        .args(["status", "--failed", "--json", "--state"])
        .arg(state.path())
        .output()
        .unwrap();
    assert_eq!(rows(&status).len(), 0);
}

#[test]
fn a_second_process_on_the_same_state_is_refused() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let _engine = embedded::Engine::open(state.path(), embedded::Options::default()).unwrap();
    let document = example("documents/front_01.json");
    let output = run(
        &endpoint,
        state.path(),
        &example("workflow.json"),
        &[&document],
    )
    .output()
    .unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("in use by another"),
        "{}",
        stderr(&output)
    );
    assert_eq!(endpoint.count(), 0);
}

#[test]
fn a_stopped_run_goes_on_where_it_was_and_says_what_it_did() {
    let (endpoint, state) = (
        Endpoint::with("200", std::time::Duration::from_millis(150), ""),
        directory(),
    );
    let (workflow, documents) = (example("workflow.json"), example("documents"));
    let mut child = run(&endpoint, state.path(), &workflow, &[&documents])
        .args(["--concurrency", "2"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while endpoint.count() < 4 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    let interrupt = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(interrupt.unwrap().success());
    let stopped = child.wait_with_output().unwrap();
    assert_eq!(code(&stopped), 130, "{}", stderr(&stopped));
    let before = rows(&stopped).len();
    assert!((4..24).contains(&before), "{before}");
    let rest = run(&endpoint, state.path(), &workflow, &[&documents])
        .output()
        .unwrap();
    assert_eq!(code(&rest), 0, "{}", stderr(&rest));
    let count = |outcome| {
        rows(&rest)
            .iter()
            .filter(|row| row["outcome"] == outcome)
            .count()
    };
    assert_eq!(
        (count("already_passed"), count("succeeded")),
        (before, 24 - before)
    );
    assert_eq!(endpoint.count(), 24, "no call was doubled");
}
