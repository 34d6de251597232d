use std::process::Command;
use std::time::Duration;

use aws::{Deployment, Names, Table};
use delivery::ports::{FileStates, Lists, Operator};
use delivery::{DeliveryState, FileKey, FileState, Outcome, Status, Timestamp, Visit};
use serde_json::{Value, json};
use tests::contract::{put_document, put_workflow};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use crate::alone;
use crate::emulator::{Emulator, TOKEN, emulator};

const TEAM: &str = "audited";
const EACH: usize = 10;

/// A record as an exit, a dispatcher or a sender leaves it; the message that should go with it never went.
pub(crate) fn stranded(team: &str, workflow: &Workflow, status: Status) -> FileState {
    let at = Timestamp::from_millis(1_790_000_000_000);
    let stage_id = workflow.first_webhook().unwrap().id;
    let visit = Visit {
        id: Uuid::new_v4(),
        stage_id,
        sequence: 1,
        entered_at: at,
        assigned_by: match status {
            Status::Assigned => Actor::Workflow {
                from_visit: Uuid::new_v4(),
            },
            _ => Actor::User {
                id: Some(42),
                role: Role::Admin,
            },
        },
        assignee: None,
    };
    let open = DeliveryState {
        lease_until: (status == Status::Sending).then_some(at),
        ..DeliveryState::open(&visit, at)
    };
    FileState {
        key: FileKey {
            team: team.to_owned(),
            item_id: Uuid::new_v4(),
        },
        workflow_id: workflow.id,
        version: 1,
        status,
        visit,
        delivery: (status != Status::Assigned).then_some(open),
        passed: std::collections::BTreeSet::new(),
        hops: 0,
        updated_at: at,
    }
}

/// Invokes the function as an operator does.
pub(crate) fn invoke(emulator: &Emulator, request: &Value) -> Value {
    let answer = tempfile::NamedTempFile::new().unwrap();
    let mut aws = Command::new("aws");
    aws.args(["lambda", "invoke", "--function-name", "webhook-stage-audit"]);
    aws.args(["--payload", &request.to_string()])
        .arg(answer.path());
    for (name, value) in emulator.environment() {
        aws.env(name, value);
    }
    let done = aws.output().unwrap();
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{complained}");
    serde_json::from_slice(&std::fs::read(answer.path()).unwrap()).unwrap()
}

async fn at_rest(table: &Table, key: &FileKey) -> FileState {
    for _ in 0..240 {
        let state = table.get(key).await.unwrap().unwrap();
        if state.status.is_at_rest() {
            return state;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{key} is not at rest after a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_files_are_found_and_brought_on() {
    let _alone = alone().await;
    let emulator = emulator();
    let config = emulator.config();
    let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
    let deployment = Deployment::new(&config, &names);
    let mut json: Value = serde_json::from_slice(include_bytes!(
        "../../../infra/local/examples/workflow.json"
    ))
    .unwrap();
    json["stages"][1]["config"]["url"] = emulator.output("ReceiverUrl").into();
    json["stages"][1]["config"]["authorization_header"] = TOKEN.into();
    let workflow = put_workflow(&deployment, TEAM, json.to_string().as_bytes()).await;
    let mut files = Vec::new();
    for status in [Status::Assigned, Status::Queued, Status::Sending] {
        for _ in 0..EACH {
            let state = stranded(TEAM, &workflow, status);
            let document = json!({"version": "2.0", "item": {"name": "x.jpg"}}).to_string();
            put_document(&deployment, &state.key, document).await;
            deployment.records().put(&state).await.unwrap();
            files.push(state);
        }
    }
    let all = json!({"segments":1, "repair": false});
    let found = invoke(emulator, &all);
    assert_eq!(
        (&found["stuck"], &found["repaired"], &found["unreadable"]),
        (&json!(3 * EACH), &json!(0), &json!(0)),
        "{found}"
    );
    assert!(found["oldest_seconds"].as_u64() > Some(3600), "{found}");
    let found = invoke(emulator, &json!({"segments":1}));
    assert_eq!(found["repaired"], json!(3 * EACH), "{found}");
    for file in &files {
        let state = at_rest(deployment.records(), &file.key).await;
        let delivery = state.delivery.unwrap();
        assert_eq!(delivery.outcome, Some(Outcome::Succeeded));
        assert_eq!(delivery.delivery_id, file.visit.id);
        assert!(
            deployment
                .records()
                .rejections(&file.key)
                .await
                .unwrap()
                .is_empty()
        );
    }
    // Repaired twice, while messages may still be there: nobody is called again.
    let again = invoke(emulator, &all);
    assert_eq!(again["stuck"], json!(0), "{again}");
    let log = emulator.log();
    assert!(log.contains("\"OldestUnfinishedFileAge\":"), "no metric");
    for file in &files {
        let id = file.key.item_id.to_string();
        let named = |line: &str| line.contains("stuck file") && line.contains(&id);
        assert!(log.lines().any(named), "{id} is not named in the log");
    }
    let part = invoke(emulator, &json!({"parts": 24}));
    assert_eq!(part["of"], json!(24));
}
