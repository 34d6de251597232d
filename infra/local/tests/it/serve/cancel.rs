use serde_json::{Value, json};
use uuid::Uuid;

use super::{Server, key};
use crate::support::{Endpoint, directory, document, workflow};

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

#[test]
fn what_waits_for_its_delay_can_be_taken_back() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("state");
    let key = key(&state, "admin");
    let server = Server::start(&state);
    let stages = [("Hook", Some("Annotate"), None), ("Again", None, None)];
    let text = workflow(&endpoint.url(), &stages);
    let mut body: Value = serde_json::from_str(&text).unwrap();
    for stage in body["stages"].as_array_mut().unwrap() {
        if stage["name"] == "Annotate" {
            stage["edges"] = json!([{"id": id("edge"), "name": "default",
                "source_stage_id": id("Annotate"), "target_stage_id": id("Again")}]);
        }
    }
    let client = server.client(&key);
    assert_eq!(client.post("workflows", &body.to_string()).0, 201);
    let item = id("a");
    let given = document("a", &item.to_string());
    assert_eq!(client.post("items", &given).0, 201);
    let command = json!({"filters": {"item_ids": [item]}, "stage_id": id("Hook"), "workflow_id": id("workflow")});
    assert_eq!(client.post("items/stage", &command.to_string()).0, 200);
    client.wait_for("annotate", 1);
    let commands = |command: Value| {
        let body = json!({"commands": [command]}).to_string();
        let (status, answer) = client.post(&format!("items/{item}/commands"), &body);
        assert_eq!(status, 200, "{answer}");
        answer["created_commands"].clone()
    };
    let data = json!({"stage_id": id("Annotate"), "edge": "default", "delay_ms": 1000});
    commands(json!({"type": "transition_via_edge", "data": data}));
    assert_eq!(commands(json!({"type": "cancel"})), 1);
    // The file stays, and the command that comes later finds that it is too late.
    let visits = loop {
        let (_, visits) = client.get(&format!("items/{item}/visits"));
        if visits["rejections"] != json!([]) {
            break visits;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_eq!(visits["rejections"][0]["reason"], "stale");
    let stages = visits["visits"].as_array().unwrap();
    let stages: Vec<_> = stages
        .iter()
        .map(|visit| visit["stage"]["name"].as_str())
        .collect();
    assert_eq!(stages, [Some("Hook"), Some("Annotate"), Some("Annotate")]);
    assert_eq!(visits["visits"][0]["exited_by"]["type"], "workflow");
    assert_eq!(
        visits["visits"][1]["exited_by"],
        json!({"type": "user", "user_id": 7, "role": "admin"})
    );
    assert_eq!(visits["visits"][2]["exited_by"], Value::Null);
    assert_eq!(endpoint.count(), 1);
}
