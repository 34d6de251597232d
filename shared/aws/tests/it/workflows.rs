use aws::Table;
use delivery::ports::{PortErrorKind, Workflows};
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
    let fake = Fake::new(move |_| Answer::json(&json!({"Item": {"body": {"B": body}}})));
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
