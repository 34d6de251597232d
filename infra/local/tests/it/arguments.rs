//! Errors a person can act on, before anything is sent.

use crate::support::{Endpoint, code, directory, example, run, stderr, webhook_stage};

fn fails(arguments: &[&str], says: &[&str]) {
    let state = directory();
    let output = webhook_stage()
        .args(arguments)
        .current_dir(state.path())
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{arguments:?}");
    let text = stderr(&output);
    for part in says {
        assert!(text.contains(part), "{arguments:?} said: {text}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn arguments_that_cannot_be_used_are_named() {
    let workflow = example("workflow.json");
    let documents = example("documents");
    let (w, d) = (workflow.to_str().unwrap(), documents.to_str().unwrap());
    let base = ["run", "--workflow", w, "--documents", d];
    let with = |more: &[&str], says: &[&str]| fails(&[&base[..], more].concat(), says);
    fails(&["run"], &["--workflow", "--documents"]);
    fails(
        &["run", "--workflow", "nowhere.json", "--documents", d],
        &["nowhere.json"],
    );
    fails(
        &["run", "--workflow", w, "--documents", "nowhere"],
        &["nowhere"],
    );
    with(&["--stage", "Chek"], &["Chek", "Notify", "Check"]);
    with(
        &["--stage", "Annotate"],
        &["Annotate", "not a Webhook stage"],
    );
    with(&["--as", "boss"], &["boss", "workforce_manager"]);
    with(&["--retry-delays", "soon"], &["soon", "10s"]);
    with(&["--retry-delays", "25h"], &["at most 24 hours"]);
    let too_many = ["1s"; 21].join(",");
    with(&["--retry-delays", &too_many], &["at most 20 delays"]);
    let too_long = ["24h"; 8].join(",");
    with(&["--retry-delays", &too_long], &["at most 7 days"]);
    with(&["--url", "ftp://x"], &["--url", "http"]);
    with(&["--url", "http://a:planted@x/"], &["--url", "user name"]);
    with(
        &["--authorization-env", "UNSET_VARIABLE"],
        &["UNSET_VARIABLE", "not set"],
    );
    with(&["--allow-network", "127.0.0.1/99"], &["127.0.0.1/99"]);
    with(&["--concurrency", "0"], &["1 to 4096"]);
    fails(&["status", "--state", "nowhere"], &["nowhere"]);
    for command in ["audit", "redrive"] {
        fails(&[command, "--state", "nowhere"], &["nowhere"]);
        fails(&[command, "--state", "x", "--aws"], &["--aws", "--state"]);
    }
    fails(&["status", "--aws"], &["--team", "--workflow"]);
    fails(&["status", "--team", "t"], &["--aws"]);
    fails(&["status", "--stack", "x"], &["--aws"]);
    let deployed = ["redeliver", "--aws", "--team", "t", "--stage", "x"];
    let id = ["--workflow", "7194e3c3-04a7-55ae-b99e-90a213025b86"];
    fails(&[&deployed[..], &id, &["--json"]].concat(), &["--wait"]);
    fails(&["workflow", "put", "x.json", "--aws"], &["--team"]);
    fails(&["assign", "--team", "t"], &["--aws", "--workflow"]);
    fails(
        &["redeliver", "--state", "nowhere", "--stage", "x"],
        &["nowhere"],
    );
    fails(
        &["receive", "--listen", "127.0.0.1:0", "--token-env", "UNSET"],
        &["UNSET"],
    );
    fails(
        &["receive", "--listen", "here", "--token-env", "UNSET"],
        &["here"],
    );
    fails(&["bogus"], &["bogus"]);
}

#[test]
fn workflow_errors_are_all_named_and_nothing_is_sent() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let document = example("documents/front_01.json");
    for (content, says) in [
        ("{", vec!["line 1, column 1", "not valid JSON"]),
        ("[]", vec!["a workflow is a JSON object"]),
        (
            r#"{"id":"8461e1ed-a514-4072-baca-dcc1ce57c0d8","stages":[
              {"id":"e69d3ebe-6ab9-4159-b44f-2bf84d29bb20","name":"Hook","type":"webhook","config":{},
               "edges":[{"name":"succeeded","target_stage_id":"5e0bc6aa-22fa-4845-a67c-0f1adfe46b5c"}]}]}"#,
            vec!["no entry stage", "needs a \"url\"", "5e0bc6aa", "\"Hook\""],
        ),
        (
            r#"{"id":"8461e1ed-a514-4072-baca-dcc1ce57c0d8","team_id":"1","stages":[
              {"id":"e69d3ebe-6ab9-4159-b44f-2bf84d29bb20","name":"In","type":"dataset",
               "edges":[{"id":7,"target_stage_id":"5e0bc6aa-22fa-4845-a67c-0f1adfe46b5c"}],"assignable_users":["42"]},
              {"id":"5e0bc6aa-22fa-4845-a67c-0f1adfe46b5c","name":"Hook","type":"webhook","edges":[],
               "config":{"url":"https://receiver.example/","include_annotations":"false","retry_if_fails":0}}]}"#,
            vec![
                "team_id must be a whole number from 0; found the text \"1\"",
                "\"In\" (e69d3ebe-6ab9-4159-b44f-2bf84d29bb20): its edges[0].id must be a UUID; found 7",
                "its assignable_users[0] must be",
                "\"Hook\"",
                "include_annotations must be true or false; found the text \"false\"",
                "retry_if_fails must be true or false; found 0",
            ],
        ),
    ] {
        let path = state.path().join("workflow.json");
        std::fs::write(&path, content).unwrap();
        let output = run(&endpoint, &state.path().join("s"), &path, &[&document])
            .output()
            .unwrap();
        assert_eq!(code(&output), 1);
        for part in says {
            assert!(stderr(&output).contains(part), "{}", stderr(&output));
        }
    }
    assert_eq!(endpoint.count(), 0);
}

/// What is set on the command line and cannot take effect is said.
#[test]
fn delays_for_a_stage_that_calls_once_are_warned_of() {
    let (endpoint, state) = (Endpoint::start("500"), directory());
    let mut workflow: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example("workflow.json")).unwrap()).unwrap();
    workflow["stages"][1]["config"]["retry_if_fails"] = false.into();
    let path = state.path().join("workflow.json");
    std::fs::write(&path, workflow.to_string()).unwrap();
    let document = example("documents/front_01.json");
    let output = run(&endpoint, &state.path().join("s"), &path, &[&document])
        .output()
        .unwrap();
    assert_eq!((code(&output), endpoint.count()), (2, 1));
    let said = stderr(&output);
    assert!(
        said.contains("warning: --retry-delays has no effect") && said.contains("\"Notify\""),
        "{said}"
    );
}

#[test]
fn ping_takes_the_path_of_real_calls() {
    let endpoint = Endpoint::start("200");
    let ping = |more: &[&str]| {
        let url = endpoint.url();
        let base = ["ping", "--url", &url, "--authorization-env", "TEST_TOKEN"];
        webhook_stage()
            .args([&base[..], more].concat())
            .output()
            .unwrap()
    };
    let refused = ping(&[]);
    assert_eq!(code(&refused), 2);
    let said = String::from_utf8(refused.stdout).unwrap();
    assert!(
        said.contains("forbidden_address") && said.contains("loopback"),
        "{said}"
    );
    assert_eq!(endpoint.count(), 0);
    let sent = ping(&["--allow-network", "127.0.0.1/32"]);
    assert_eq!(code(&sent), 0);
    assert!(String::from_utf8(sent.stdout).unwrap().contains("HTTP 200"));
    assert_eq!(endpoint.count(), 1);
}

#[test]
fn the_demo_shows_both_stages_and_ends_well() {
    let output = webhook_stage().output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    for part in [
        "Notify", "Check", "failed", "HTTP 422", "Review", "Try next",
    ] {
        assert!(said.contains(part), "{said}");
    }
}
