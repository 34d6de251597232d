//! The table keeps the contract of its ports.

use aws::AtRestIndex;
use aws_dynamodb_tests::Dynamo;
use tests::contract;

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_conditional() {
    let table = Dynamo::default().table();
    contract::conditional_writes(&table).await;
    contract::one_of_many_writers(&table).await;
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
