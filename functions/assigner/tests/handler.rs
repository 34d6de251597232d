//! What the assigner does with its messages, on the embedded engine.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use delivery::ports::{Items, Operator, Queue, Receive};
use delivery::{Assignment, BulkAssignment, FileKey, Item, ItemFilter, Timestamp};
use embedded::{Engine, Options};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::json;
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

const STAGE: Uuid = Uuid::from_u128(2);

/// An engine with a workflow and as many items.
async fn engine(items: u128) -> (Engine, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    let document = json!({"id": Uuid::from_u128(1), "name": "W", "stages": [
        {"id": Uuid::from_u128(3), "name": "Dataset", "type": "dataset", "config": {"initial": true},
         "edges": [{"name": "default", "target_stage_id": STAGE}]},
        {"id": STAGE, "name": "Annotate", "type": "annotate", "edges": []},
    ]});
    let workflow = Workflow::import(document.to_string().as_bytes())
        .unwrap()
        .workflow;
    engine.put_workflow("t", &workflow, &[]).await.unwrap();
    let item = |number| Item {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(number),
        },
        name: "n".to_owned(),
        path: "/".to_owned(),
        dataset_id: None,
        slots: Vec::new(),
        inserted_at: Timestamp::from_millis(1),
        updated_at: Timestamp::from_millis(1),
    };
    engine
        .put_items((0..items).map(item).collect())
        .await
        .unwrap();
    (engine, directory)
}

fn command(workflow: u128) -> BulkAssignment {
    BulkAssignment {
        command_id: Uuid::from_u128(9),
        team: "t".to_owned(),
        workflow_id: Uuid::from_u128(workflow),
        stage_id: Some(STAGE),
        assigned_by: Actor::User {
            id: Some(7),
            role: Role::Admin,
        },
        assignee: Some(8),
        filter: ItemFilter::default(),
        after: None,
    }
}

/// Handles a message, and returns how many go back to the queue.
async fn handle(engine: &Engine, body: &str) -> usize {
    let mut message = SqsMessage::default();
    message.message_id = Some("m".to_owned());
    message.body = Some(body.to_owned());
    let mut event = SqsEvent::default();
    event.records = vec![message];
    let event = LambdaEvent::new(event, Context::default());
    let answer = assigner::handle(engine, &(), event).await;
    answer.unwrap().failed.len()
}

async fn next(engine: &Engine, queue: Queue) -> Option<String> {
    let visibility = Duration::from_secs(60);
    let received = engine.receive(queue, 1, visibility, |_| 1).await.unwrap();
    received.into_iter().next().map(|message| message.body)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_large_command_is_sent_on() {
    let (engine, _directory) = engine(5_200).await;
    let mut body = serde_json::to_string(&command(1)).unwrap();
    let mut sent = Vec::new();
    for expected in [5_000, 5_200] {
        assert_eq!(handle(&engine, &body).await, 0);
        let depth = engine.depth(Queue::Assignments).await.unwrap();
        assert_eq!(depth.total(), expected);
        sent.push(next(&engine, Queue::Bulk).await);
        body = sent.last().cloned().flatten().unwrap_or_default();
    }
    let rest = BulkAssignment::parse(sent[0].as_ref().unwrap()).unwrap();
    assert_eq!(rest.after, Some(Uuid::from_u128(4_999)));
    assert_eq!(sent[1], None);
    let assignment = next(&engine, Queue::Assignments).await.unwrap();
    let assignment = Assignment::parse(&assignment).unwrap();
    let found = (
        assignment.assignment_id,
        assignment.stage_id,
        assignment.assignee,
    );
    assert_eq!(found, (Uuid::from_u128(9), STAGE, Some(8)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_in_a_workflow_that_is_gone_is_over() {
    let (engine, _directory) = engine(3).await;
    let body = serde_json::to_string(&command(4)).unwrap();
    assert_eq!(handle(&engine, &body).await, 0);
    assert_eq!(engine.depth(Queue::Assignments).await.unwrap().total(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_parked_and_what_a_later_version_sent_waits() {
    let (engine, _directory) = engine(0).await;
    assert_eq!(handle(&engine, "{\"team\":7}").await, 0);
    let parked = engine.parked(10).await.unwrap();
    let parked = parked[0].as_ref().unwrap();
    assert_eq!((&*parked.queue, &*parked.body), ("bulk", "{\"team\":7}"));
    assert_eq!(handle(&engine, "{\"format_version\":99}").await, 1);
    assert_eq!(engine.parked(10).await.unwrap().len(), 1);
}
