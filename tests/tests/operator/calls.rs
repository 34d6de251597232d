//! What functions ask of AWS, from their start on, against what the template allows them.

use std::collections::BTreeSet;
use std::time::Duration;

use aws::{Deployment, Names, Queue};
use aws_config::SdkConfig;
use delivery::ports::{FileStates, Operator, Outgoing, SendMessages};
use delivery::{Assignment, Delivery, DocumentRef, FileKey, Status};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tests::contract::{put_document, put_workflow};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use crate::alone;
use crate::audit::{invoke, stranded};
use crate::emulator::{Emulator, TOKEN, emulator};

const TEAM: &str = "asking";

/// Refusals that are answers.
const ANSWERS: [(&str, &str); 3] = [
    // Somebody else was first.
    ("dynamodb:PutItem", "ConditionalCheckFailedException"),
    ("dynamodb:UpdateItem", "ConditionalCheckFailedException"),
    // Opens a connection to a queue with no right but that to send; CloudTrail does not log it unless told to.
    ("sqs:SendMessage", "EmptyBatchRequest"),
];

/// Fails if a function asked for what its role does not allow, or got an error although it did.
pub(crate) fn all_are_allowed(emulator: &Emulator) {
    let mut wrong = BTreeSet::new();
    for call in emulator.calls() {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        let answer = ANSWERS
            .iter()
            .any(|(action, code)| text("action") == *action && text("code") == *code);
        let failed = call["status"].as_u64().is_none_or(|status| status >= 400) && !answer;
        if call["allowed"] != true || failed {
            wrong.insert(format!(
                "{} {} {}: allowed {}, {} {}",
                text("role"),
                text("action"),
                text("resource"),
                call["allowed"],
                call["status"],
                text("code")
            ));
        }
    }
    let wrong: Vec<_> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const fn now<M>(message: M) -> Outgoing<M> {
    Outgoing {
        message,
        delay: Duration::ZERO,
    }
}

/// Puts messages where they end up that could not be handled.
async fn put<M>(config: &SdkConfig, queue: &str, messages: Vec<Outgoing<M>>)
where
    Queue<M>: SendMessages<M>,
{
    let failed = Queue::new(config, format!("{queue}-dlq"));
    for result in failed.send(messages).await {
        result.unwrap();
    }
}

fn assignment(workflow: &Workflow, document: Option<DocumentRef>) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v4(),
        team: TEAM.to_owned(),
        workflow_id: workflow.id,
        stage_id: workflow.first_webhook().unwrap().id,
        item_id: Uuid::new_v4(),
        assigned_by: Actor::User {
            id: Some(42),
            role: Role::Admin,
        },
        assignee: None,
        document,
        trace: None,
        waits: 0,
    }
}

async fn at_rest(deployment: &Deployment, key: &FileKey) {
    for _ in 0..240 {
        let state = deployment.records().get(key).await.unwrap();
        if state.is_some_and(|state| state.status.is_at_rest()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    panic!("{key} is not at rest after a minute");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_ask_for_what_their_roles_allow_from_their_start_on() {
    let _alone = alone().await;
    let emulator = emulator();
    let config = emulator.config();
    let names = Names::of_stack(&config, "webhook-stage").await.unwrap();
    let deployment = Deployment::new(&config, &names);
    let example = include_bytes!("../../../infra/local/examples/workflow.json");
    let mut json: Value = serde_json::from_slice(example).unwrap();
    for stage in [1, 3] {
        json["stages"][stage]["config"]["url"] = emulator.output("ReceiverUrl").into();
        json["stages"][stage]["config"]["authorization_header"] = TOKEN.into();
    }
    let workflow = put_workflow(&deployment, TEAM, json.to_string().as_bytes()).await;

    // One with its document in the bucket, one with it inline.
    let document = json!({"version": "2.0", "item": {"name": "x.jpg"}}).to_string();
    let inline = || {
        let document = RawValue::from_string(document.clone()).unwrap();
        Some(DocumentRef::Inline(document))
    };
    let kept = assignment(&workflow, None);
    let key = kept.key();
    put_document(&deployment, &key, document.clone()).await;
    let sent = [kept, assignment(&workflow, inline())];
    for result in deployment.assign(sent.to_vec()).await {
        result.unwrap();
    }
    // A dead letter that never had an effect, and one whose file it moves on.
    let never = assignment(&workflow, inline());
    put(
        &config,
        &names.assignments_queue_url,
        vec![now(never.clone())],
    )
    .await;
    let state = stranded(TEAM, &workflow, Status::Queued);
    deployment.records().put(&state).await.unwrap();
    put_document(&deployment, &state.key, document).await;
    let dead = Delivery {
        delivery_id: state.visit.id,
        team: TEAM.to_owned(),
        item_id: state.key.item_id,
        workflow_id: workflow.id,
        stage_id: state.visit.stage_id,
        task: delivery::Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    };
    put(&config, &names.deliveries_queue_url, vec![now(dead)]).await;
    for file in &sent {
        at_rest(&deployment, &file.key()).await;
    }
    at_rest(&deployment, &state.key).await;
    invoke(emulator, &json!({"segments":1}));

    // Nothing stays parked for other tests.
    let mut redriven = 0;
    for _ in 0..60 {
        redriven += deployment.redrive(10).await.unwrap().sent.len();
        if redriven == 2 {
            break;
        }
    }
    assert_eq!(redriven, 2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    at_rest(&deployment, &never.key()).await;
    at_rest(&deployment, &state.key).await;

    let asked = emulator.calls();
    for function in ["Dispatcher", "Sender", "DeadLetter", "Audit"] {
        let role = format!("webhook-stage-{function}Role");
        let mut by_it = asked.iter().filter(|call| {
            let name = call["role"].as_str().unwrap();
            name.starts_with(&role)
        });
        assert!(
            by_it.next().is_some(),
            "the {function} asked for nothing: {asked:?}"
        );
    }
    all_are_allowed(emulator);
}
