//! The table keeps the contract of its ports.

use aws::AtRestIndex;
use aws_dynamodb_tests::Dynamo;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use delivery::FileKey;
use delivery::control::StageKey;
use tests::contract;

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_conditional() {
    let table = Dynamo::default().table();
    contract::conditional_writes(&table).await;
    contract::one_of_many_writers(&table).await;
    contract::outcomes(&table).await;
    contract::snapshots(&table).await;
    contract::held_back(&table).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn control_records_are_kept() {
    contract::controls(&Dynamo::default().table()).await;
}

#[tokio::test]
async fn history_is_kept() {
    contract::history(&Dynamo::default().table()).await;
}

#[tokio::test]
async fn files_at_rest_are_listed() {
    for index in [
        AtRestIndex::Absent,
        AtRestIndex::Partial,
        AtRestIndex::Complete,
    ] {
        contract::lists(&Dynamo::default().indexed(index)).await;
    }
}

#[tokio::test]
async fn unfinished_files_are_found() {
    contract::unfinished(&Dynamo::default().table()).await;
}

#[tokio::test]
async fn what_a_later_version_wrote_is_not_damaged() {
    let dynamo = Dynamo::default();
    let client = dynamo.client();
    contract::newer(&dynamo.table(), async |key: &FileKey, stage: &StageKey| {
        raise(&client, key, stage).await;
    })
    .await;
}

/// As a later version might write them: only the body says so, and what is in it is unknown.
async fn raise(client: &Client, key: &FileKey, stage: &StageKey) {
    let text = |text: String| AttributeValue::S(text);
    let of_file = client.query().table_name("table");
    let of_file = of_file
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", text(format!("FILE#{}#{}", key.team, key.item_id)));
    for mut item in of_file.send().await.unwrap().items.unwrap() {
        let body = r#"{"format_version":9,"v":"something new"}"#;
        item.insert("body".to_owned(), text(body.to_owned()));
        let put = client.put_item().table_name("table");
        put.set_item(Some(item)).send().await.unwrap();
    }
    let example = include_bytes!("../../../../infra/local/examples/workflow.json");
    let workflow = workflow::Workflow::import(example).unwrap().workflow;
    let pk = text(format!("WORKFLOW#{}#{}", stage.team, stage.workflow_id));
    let body = AttributeValue::B(Blob::new(workflow.to_json()));
    let item = client.put_item().table_name("table").item("pk", pk.clone());
    let item = item
        .item("sk", text("WORKFLOW".to_owned()))
        .item("body", body);
    item.send().await.unwrap();
    let item = client.put_item().table_name("table").item("pk", pk);
    let item = item
        .item("sk", text(format!("CONTROL#{}", stage.stage_id)))
        .item("version", AttributeValue::N("1".to_owned()))
        .item("control", text(contract::CONTROL.to_owned()));
    item.send().await.unwrap();
}
