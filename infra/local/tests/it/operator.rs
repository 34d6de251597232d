//! What an operator does to a state directory: look at a file, edit its workflow, audit, redrive.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{
    Endpoint, code, directory, example, rows, run, stderr, webhook_stage, workflow,
};

const FILES: usize = 24;

/// The database of a process that was killed, with what it left in the journal in the tables.
fn database(state: &Path) -> rusqlite::Connection {
    drop(embedded::Engine::open(state, embedded::Options::default()).unwrap());
    rusqlite::Connection::open(state.join("webhook-stage.db")).unwrap()
}

/// Runs until every file was called once, and dies with all retries still to come.
fn killed_mid_way(endpoint: &Endpoint, state: &Path) {
    let mut command = webhook_stage();
    command.args([
        "run",
        "--allow-network",
        "127.0.0.0/8",
        "--retry-delays",
        "2s",
    ]);
    command.args([
        "--url",
        &endpoint.url(),
        "--authorization-env",
        "TEST_TOKEN",
    ]);
    command.arg("--workflow").arg(example("workflow.json"));
    command.arg("--documents").arg(example("documents"));
    let mut child = command.arg("--state").arg(state).spawn().unwrap();
    let began = Instant::now();
    while endpoint.count() < FILES && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Time to record what was answered.
    std::thread::sleep(Duration::from_millis(300));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(endpoint.count(), FILES);
}

#[test]
fn files_without_a_message_are_found_and_brought_on() {
    let (endpoint, directory) = (Endpoint::start("503,200"), directory());
    let state = directory.path().join("state");
    killed_mid_way(&endpoint, &state);
    let check = |more: &[&str]| {
        let mut command = webhook_stage();
        command.args(["audit", "--json", "--allow-network", "127.0.0.0/8"]);
        command.arg("--state").arg(&state).args(more);
        command.output().unwrap()
    };
    let healthy = check(&[]);
    assert_eq!(code(&healthy), 0, "{}", stderr(&healthy));
    assert!(stderr(&healthy).contains("24 files not at rest"));

    database(&state)
        .execute("DELETE FROM messages WHERE id % 2 = 0", [])
        .unwrap();
    let stuck = check(&[]);
    assert_eq!(code(&stuck), 2, "{}", stderr(&stuck));
    let found = rows(&stuck);
    assert_eq!(found.len(), FILES / 2);
    assert!(found.iter().all(|row| row["repaired"] == false));
    assert!(stderr(&stuck).contains("--repair"));

    let repaired = check(&["--repair"]);
    assert_eq!(code(&repaired), 0, "{}", stderr(&repaired));
    assert_eq!(rows(&repaired).len(), FILES / 2);
    assert_eq!(
        endpoint.count(),
        2 * FILES,
        "each file once more, and no more"
    );
    let clean = check(&[]);
    assert!(stderr(&clean).contains("0 files not at rest"));
}

#[test]
fn a_run_that_leaves_files_behind_says_so() {
    let (endpoint, directory) = (Endpoint::start("503,200"), directory());
    let state = directory.path().join("state");
    killed_mid_way(&endpoint, &state);
    database(&state)
        .execute("DELETE FROM messages", [])
        .unwrap();
    let documents = example("documents");
    let again = run(&endpoint, &state, &example("workflow.json"), &[&documents])
        .output()
        .unwrap();
    assert_eq!(code(&again), 1, "{}", stderr(&again));
    let said = stderr(&again);
    assert!(said.contains("24 files not finished"), "{said}");
    assert!(said.contains("webhook-stage audit --state"), "{said}");
}

#[test]
fn an_edited_workflow_and_a_files_story() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("state");
    let file = directory.path().join("workflow.json");
    let bad = format!("http://{}/missing", endpoint.address);
    std::fs::write(&file, workflow(&bad, &[("Hook", Some("Next"), None)])).unwrap();
    let mut first = webhook_stage();
    first.args(["run", "--json", "--allow-network", "127.0.0.0/8"]);
    first
        .args(["--retry-delays", "10ms"])
        .arg("--workflow")
        .arg(&file);
    first
        .arg("--documents")
        .arg(example("documents/front_01.json"));
    let output = first
        .arg("--state")
        .arg(&state)
        .env("TEST_TOKEN", "")
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));

    let on = |arguments: &[&str]| {
        let mut command = webhook_stage();
        command.args(arguments).arg("--state").arg(&state);
        command.output().unwrap()
    };
    let id: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let id = id["id"].as_str().unwrap().to_owned();
    let stored = on(&["workflow", "get", &id]);
    assert_eq!(code(&stored), 0, "{}", stderr(&stored));
    assert!(!String::from_utf8_lossy(&stored.stdout).contains("Bearer"));
    let stored = rows(&stored).remove(0);
    assert_eq!(stored["stages"][1]["config"]["url"], json!(bad));

    let put = on(&[
        "workflow",
        "put",
        file.to_str().unwrap(),
        "--url",
        &endpoint.url(),
        "--stage",
        "Hook",
    ]);
    assert_eq!(code(&put), 0, "{}", stderr(&put));
    let stored = rows(&on(&["workflow", "get", &id])).remove(0);
    assert_eq!(stored["stages"][1]["config"]["url"], json!(endpoint.url()));

    let item = "d39cf381-64f7-542d-8f32-7a00ca0f245a";
    let again = on(&[
        "redeliver",
        "--stage",
        "Hook",
        "--item",
        item,
        "--json",
        "--allow-network",
        "127.0.0.0/8",
    ]);
    assert_eq!(code(&again), 0, "{}", stderr(&again));
    assert!(endpoint.calls().last().unwrap().path.starts_with("/hook"));

    let story = on(&["status", "--item", item]);
    let story = String::from_utf8_lossy(&story.stdout).into_owned();
    assert!(
        story.contains("front_01.jpg waits in Next since"),
        "{story}"
    );
    assert_eq!(story.matches("succeeded").count(), 2, "{story}");
    let known = rows(&on(&["status", "--item", item, "--json"])).remove(0);
    let visits = known["visits"].as_array().unwrap();
    assert_eq!(visits.len(), 2);
    let trace = visits[1]["trace_id"].as_str().unwrap();
    let call = endpoint.calls().pop().unwrap();
    let traceparent = call.header("traceparent").unwrap();
    assert!(
        traceparent.starts_with(&format!("00-{trace}-")),
        "{traceparent}"
    );
    assert!(story.contains(trace), "{story}");
    let nobody = on(&["status", "--item", "00000000-0000-0000-0000-000000000000"]);
    assert_eq!(code(&nobody), 1);
    assert!(stderr(&nobody).contains("no such file"));
}

#[test]
fn a_dead_letters_file_is_assigned_again() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("state");
    let mut command = run(
        &endpoint,
        &state,
        &example("workflow.json"),
        &[&example("documents/front_01.json")],
    );
    assert_eq!(code(&command.output().unwrap()), 0);
    let ids = |sql: &str| -> Vec<u8> {
        database(&state)
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    };
    let uuid = |bytes: Vec<u8>| uuid::Uuid::from_slice(&bytes).unwrap();
    let workflow_id = uuid(ids("SELECT workflow_id FROM workflows"));
    let team: String = database(&state)
        .query_row("SELECT team FROM states", [], |row| row.get(0))
        .unwrap();
    let delivery = json!({"delivery_id": uuid::Uuid::new_v4(), "team": team, "workflow_id": workflow_id,
        "item_id": uuid(ids("SELECT item_id FROM states")), "attempt": 1,
        "stage_id": "dc3ae097-b90a-5300-a5ca-fc299cc8032c"});
    for body in [delivery.to_string(), "poison".to_owned()] {
        let letter = json!({"queue": "deliveries", "body": body, "cause": "played"}).to_string();
        let sql = "INSERT INTO messages (queue, message_group, visible_at, sent_at, body) VALUES (4, 'x', 0, 0, ?1)";
        database(&state).execute(sql, [letter]).unwrap();
    }
    let redrive = || {
        let mut command = webhook_stage();
        command.args(["redrive", "--allow-network", "127.0.0.0/8", "--state"]);
        command.arg(&state).output().unwrap()
    };
    let first = redrive();
    assert_eq!(code(&first), 2, "{}", stderr(&first));
    let said = String::from_utf8_lossy(&first.stdout).into_owned();
    assert!(said.contains("1 dead letter was assigned again"), "{said}");
    assert!(said.contains("1 dead letter left parked"), "{said}");
    assert_eq!(endpoint.count(), 2);
    assert!(String::from_utf8_lossy(&redrive().stdout).contains("0 dead letters"));
    assert_eq!(endpoint.count(), 2);
}
