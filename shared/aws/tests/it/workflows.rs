use aws::Table;
use delivery::control::{StageControl, StageKey};
use delivery::ports::{ControlWriteError, Controls, PortErrorKind, Workflows};
use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;
use workflow::Workflow;

use crate::fake::{Answer, Fake};

pub const EXAMPLE: &[u8] = include_bytes!("../../../../infra/local/examples/workflow.json");

#[tokio::test]
async fn a_batch_reads_a_workflow_once() {
    let example = Workflow::import(EXAMPLE).unwrap().workflow;
    let body = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, example.to_json());
    let item = json!({"sk": {"S": "WORKFLOW"}, "body": {"B": body}});
    let fake = Fake::new(move |_| Answer::json(&json!({"Items": [item]})));
    let table = Table::new(&fake.config(), "table", None);
    let all = join_all((0..10).map(|_| table.workflow("t", example.id))).await;
    assert!(
        all.into_iter()
            .all(|found| *found.unwrap().unwrap() == example)
    );
    assert_eq!(fake.asked().len(), 1);
    assert_eq!(fake.asked()[0].json()["ConsistentRead"], false);
}

#[tokio::test]
async fn that_there_is_none_is_asked_with_certainty() {
    let fake = Fake::new(|_| Answer::json(&json!({})));
    let table = Table::new(&fake.config(), "table", None);
    assert!(table.workflow("t", Uuid::nil()).await.unwrap().is_none());
    let asked = fake.asked();
    assert_eq!(asked.last().unwrap().json()["ConsistentRead"], true);
}

#[tokio::test]
async fn a_workflow_that_is_too_large_is_refused() {
    let mut json: serde_json::Value = serde_json::from_slice(EXAMPLE).unwrap();
    json["unknown"] = "x".repeat(400 * 1024).into();
    let large = Workflow::import(json.to_string().as_bytes())
        .unwrap()
        .workflow;
    let fake = Fake::new(|_| panic!("it is not to be sent"));
    let table = Table::new(&fake.config(), "table", None);
    let error = table.store_workflow("t", &large).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::TooLarge);
}

/// A query's page has 1 MB at most, and control records come before the workflow.
#[tokio::test]
async fn a_workflow_on_the_second_page_is_found_with_its_control_records() {
    let example = Workflow::import(EXAMPLE).unwrap().workflow;
    let body = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, example.to_json());
    let stage = StageKey {
        team: "t".to_owned(),
        workflow_id: example.id,
        stage_id: example.first_webhook().unwrap().id,
    };
    let control = StageControl {
        version: 7,
        ..StageControl::default()
    };
    let record = serde_json::to_string(&control).unwrap();
    let sk = format!("CONTROL#{}", stage.stage_id);
    let fake = Fake::new(move |request| {
        let first = request.json()["ExclusiveStartKey"].is_null();
        Answer::json(&if first {
            let key = json!({"pk": {"S": "p"}, "sk": {"S": sk}});
            let item = json!({"sk": {"S": sk}, "version": {"N": "7"}, "control": {"S": record}});
            json!({"Items": [item], "LastEvaluatedKey": key})
        } else {
            json!({"Items": [{"sk": {"S": "WORKFLOW"}, "body": {"B": body}}]})
        })
    });
    let table = Table::new(&fake.config(), "table", None);
    let found = table.workflow("t", example.id).await.unwrap();
    assert_eq!(*found.unwrap(), example);
    assert_eq!(table.control(&stage).await.unwrap(), control);
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn a_conflict_that_shows_nothing_readable_is_an_error_and_no_default() {
    let fake = Fake::new(|_| {
        let body = json!({
            "__type": "ConditionalCheckFailedException", "message": "planted-message",
            "Item": {"version": {"N": "3"}},
        });
        Answer::status(400, body.to_string())
    });
    let table = Table::new(&fake.config(), "table", None);
    let stage = StageKey {
        team: "t".to_owned(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
    };
    let next = StageControl {
        version: 2,
        ..StageControl::default()
    };
    match table.put_control(&stage, &next).await {
        Err(ControlWriteError::Port(error)) => assert_eq!(error.kind, PortErrorKind::Corrupt),
        other => panic!("{other:?}"),
    }
    let asked = fake.asked()[0].json();
    let names: Vec<_> = asked["ExpressionAttributeNames"]
        .as_object()
        .unwrap()
        .values()
        .collect();
    // A role is limited to these attributes and the key.
    assert!(
        names
            .iter()
            .all(|name| **name == "version" || **name == "control")
    );
}
