use std::process::Command;
use std::time::Duration;

use aws::{Deployment, Names};
use aws_sdk_sqs::types::QueueAttributeName;
use delivery::ports::Operator;
use delivery::{Assignment, FileKey, Trace};
use serde_json::{Value, json};
use tests::contract::{put_document, put_workflow};
use uuid::Uuid;
use workflow::{Actor, Role};

use crate::alone;
use crate::emulator::{Emulator, TOKEN, emulator};

const TEAM: &str = "told";

fn events(emulator: &Emulator, arguments: &[&str]) {
    let mut aws = Command::new("aws");
    aws.arg("events").args(arguments);
    for (name, value) in emulator.environment() {
        aws.env(name, value);
    }
    let done = aws.output().unwrap();
    let complained = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{complained}");
}

/// A queue that gets what the product announces on the account's bus.
async fn listening(emulator: &Emulator, client: &aws_sdk_sqs::Client) -> String {
    let made = client.create_queue().queue_name("told").send().await;
    let url = made.unwrap().queue_url.unwrap();
    let asked = client.get_queue_attributes().queue_url(&url);
    let asked = asked.attribute_names(QueueAttributeName::QueueArn).send();
    let attributes = asked.await.unwrap().attributes.unwrap();
    let target = format!("Id=told,Arn={}", attributes[&QueueAttributeName::QueueArn]);
    let pattern = json!({
        "source": ["webhook-stage"],
        "detail-type": ["File Left Webhook Stage"],
        "detail": {"team": [TEAM]},
    });
    let pattern = pattern.to_string();
    let rule = ["put-rule", "--name", "told", "--event-pattern", &pattern];
    events(emulator, &rule);
    let targets = ["put-targets", "--rule", "told", "--targets", &target];
    events(emulator, &targets);
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn other_systems_are_told_when_a_file_leaves() {
    let _alone = alone().await;
    let emulator = emulator();
    let change = json!({"do": "update", "parameters": {"EventBusName": "default"}});
    let changed = tokio::task::spawn_blocking(move || emulator.tell(&change)).await;
    assert_eq!(changed.unwrap()["status"], "UPDATE_COMPLETE");
    let config = emulator.config();
    let client = aws_sdk_sqs::Client::new(&config);
    let told = listening(emulator, &client).await;

    let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
    let deployment = Deployment::new(&config, &names);
    let example = include_bytes!("../../../infra/local/examples/workflow.json");
    let mut json: Value = serde_json::from_slice(example).unwrap();
    json["stages"][1]["config"]["url"] = emulator.output("ReceiverUrl").into();
    json["stages"][1]["config"]["authorization_header"] = TOKEN.into();
    let workflow = put_workflow(&deployment, TEAM, json.to_string().as_bytes()).await;
    let key = FileKey {
        team: TEAM.to_owned(),
        item_id: Uuid::new_v4(),
    };
    let document = json!({"version": "2.0", "item": {"name": "planted-content.jpg"}}).to_string();
    put_document(&deployment, &key, document).await;
    let stage_id = workflow.first_webhook().unwrap().id;
    let assignment = Assignment {
        assignment_id: Uuid::new_v4(),
        team: key.team,
        workflow_id: workflow.id,
        stage_id,
        item_id: key.item_id,
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        assignee: None,
        document: None,
        trace: Trace::of_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        waits: 0,
    };
    for sent in deployment.assign(vec![assignment]).await {
        sent.unwrap();
    }

    let asked = client.receive_message().queue_url(&told);
    let asked = asked.wait_time_seconds(20).send();
    let got = tokio::time::timeout(Duration::from_secs(30), asked).await;
    let messages = got.unwrap().unwrap().messages.unwrap_or_default();
    let body = messages.first().expect("nobody was told").body().unwrap();
    assert!(!body.contains("planted-content"), "{body}");
    let event: Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&event["source"], &event["detail-type"]),
        (&json!("webhook-stage"), &json!("File Left Webhook Stage"))
    );
    let annotate = workflow.find_stage("Annotate").unwrap().id;
    let detail = &event["detail"];
    for (field, expected) in [
        ("team", json!(TEAM)),
        ("item_id", json!(key.item_id)),
        ("stage_id", json!(stage_id)),
        ("outcome", json!("succeeded")),
        ("edge", json!("succeeded")),
        ("moved_to", json!(annotate)),
        ("trace_id", json!("4bf92f3577b34da6a3ce929d0e0e4736")),
    ] {
        assert_eq!(detail[field], expected, "{field}");
    }
    crate::calls::all_are_allowed(emulator);
}
