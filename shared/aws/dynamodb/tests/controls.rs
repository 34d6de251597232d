//! A stage's control record in the table: conditional writes, and what a process knows of it without a read.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use aws::Table;
use aws_dynamodb_tests::Dynamo;
use delivery::Timestamp;
use delivery::control::{Pause, StageControl, StageKey, paused, resumed};
use delivery::ports::{ControlWriteError, Controls, Unfinished, Workflows};
use delivery::ports::{Page, ScanSegment};
use delivery::usecase::operate_control;
use futures_util::future::join_all;
use uuid::Uuid;
use workflow::Workflow;

const EXAMPLE: &[u8] = include_bytes!("../../../../infra/local/examples/workflow.json");

fn example() -> Workflow {
    Workflow::import(EXAMPLE).unwrap().workflow
}

fn key(workflow: &Workflow) -> StageKey {
    StageKey {
        team: "t".to_owned(),
        workflow_id: workflow.id,
        stage_id: workflow.first_webhook().unwrap().id,
    }
}

fn version(version: u64) -> StageControl {
    StageControl {
        version,
        pause: Some(Pause {
            since: Timestamp::from_millis(1_790_000_000_000),
            by: "operator".to_owned(),
            reason: Some(format!("\"quoted\" # {version}")),
        }),
        updated_at: Timestamp::from_millis(1_790_000_000_000),
        ..StageControl::default()
    }
}

async fn deployed(dynamo: &Dynamo) -> (Table, Workflow) {
    let (table, workflow) = (dynamo.table(), example());
    table.store_workflow("t", &workflow).await.unwrap();
    (table, workflow)
}

fn found(refused: Result<(), ControlWriteError>) -> StageControl {
    match refused {
        Err(ControlWriteError::Conflict(found)) => *found,
        other => panic!("no conflict: {other:?}"),
    }
}

#[tokio::test]
async fn writes_are_conditional_and_a_conflict_shows_what_is_there() {
    let dynamo = Dynamo::default();
    let (table, workflow) = deployed(&dynamo).await;
    let stage = key(&workflow);
    // Without a record only the first version may be written.
    let refused = table.put_control(&stage, &version(3)).await;
    assert_eq!(found(refused), StageControl::default());
    table.put_control(&stage, &version(1)).await.unwrap();
    for wrong in [1, 3] {
        let refused = table.put_control(&stage, &version(wrong)).await;
        assert_eq!(found(refused), version(1), "{wrong}");
    }
    table.put_control(&stage, &version(2)).await.unwrap();
    assert_eq!(
        found(table.put_control(&stage, &version(2)).await),
        version(2)
    );
    let other = dynamo.table();
    assert_eq!(other.control(&stage).await.unwrap(), version(2));
    // Its workflow, and the other stages, are as they were.
    let read = other.workflow("t", workflow.id).await.unwrap().unwrap();
    assert_eq!(*read, workflow);
    let stage_id = Uuid::from_u128(1);
    let control = other.control(&StageKey { stage_id, ..stage }).await;
    assert_eq!(control.unwrap(), StageControl::default());
}

#[tokio::test]
async fn a_control_record_is_read_with_its_workflow_and_costs_no_request_of_its_own() {
    let dynamo = Dynamo::default();
    let (table, workflow) = deployed(&dynamo).await;
    let stage = key(&workflow);
    table.put_control(&stage, &version(1)).await.unwrap();
    let table = dynamo.table();
    dynamo.spent();
    let of = || async {
        (
            table.workflow("t", workflow.id).await,
            table.control(&stage).await,
        )
    };
    for (read, control) in join_all((0..10).map(|_| of())).await {
        assert_eq!(*read.unwrap().unwrap(), workflow);
        assert_eq!(control.unwrap(), version(1));
    }
    let spent = dynamo.spent();
    println!(
        "a workflow with a control record: {} read units",
        spent[0].units
    );
    assert_eq!(spent.len(), 1, "{spent:?}");
    // Half a unit per 4 KB, of both together.
    assert!(spent[0].units <= 1.0);
}

#[tokio::test]
async fn a_process_knows_at_once_what_it_wrote_or_what_it_was_refused_with() {
    let dynamo = Dynamo::default();
    let (table, workflow) = deployed(&dynamo).await;
    let (stage, other) = (key(&workflow), dynamo.table());
    assert_eq!(table.control(&stage).await.unwrap().version, 0);
    table.put_control(&stage, &version(1)).await.unwrap();
    assert_eq!(table.control(&stage).await.unwrap(), version(1));
    // Another process's write shows within 5 s, or when a write of one's own is refused.
    other.put_control(&stage, &version(2)).await.unwrap();
    assert_eq!(table.control(&stage).await.unwrap(), version(1));
    found(table.put_control(&stage, &version(2)).await);
    assert_eq!(table.control(&stage).await.unwrap(), version(2));
}

#[tokio::test]
async fn without_a_workflow_there_is_nothing_to_hold_back() {
    let dynamo = Dynamo::default();
    let (table, workflow) = (dynamo.table(), example());
    let stage = key(&workflow);
    assert!(table.workflow("t", workflow.id).await.unwrap().is_none());
    dynamo.spent();
    assert_eq!(
        table.control(&stage).await.unwrap(),
        StageControl::default()
    );
    assert!(dynamo.spent().is_empty());
}

#[tokio::test]
async fn an_operators_pause_is_seen_by_everybody_and_disturbs_no_listing() {
    let dynamo = Dynamo::default();
    let (table, workflow) = deployed(&dynamo).await;
    let (stage, now) = (key(&workflow), Timestamp::from_millis(1_790_000_000_000));
    let pause = |control: &StageControl| paused(control, "operator", Some("maintenance"), now);
    let (before, after) = operate_control(&table, &stage, pause).await.unwrap();
    assert_eq!((before.version, after.version), (0, 1));
    let other = dynamo.table();
    assert_eq!(other.control(&stage).await.unwrap(), after);
    let resume = |control: &StageControl| resumed(control, now);
    operate_control(&other, &stage, resume).await.unwrap();
    // The first process still has the cached record: it finds that the write it wants was made.
    let again = operate_control(&table, &stage, resume).await.unwrap();
    assert_eq!(again.1.pause, None);
    assert_eq!(
        table.stored_workflows().await.unwrap(),
        [("t".to_owned(), workflow.id)]
    );
    let segment = ScanSegment { number: 0, of: 1 };
    let Page { rows, .. } = table.unfinished(segment, None).await.unwrap();
    assert!(rows.is_empty());
    // Storing the workflow again leaves its stages paused or not.
    table.store_workflow("t", &workflow).await.unwrap();
    assert_eq!(table.control(&stage).await.unwrap().version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_writers_trips_a_breaker() {
    let dynamo = Dynamo::default();
    let (_, workflow) = deployed(&dynamo).await;
    let stage = &key(&workflow);
    let writers: Vec<_> = (0..50).map(|_| dynamo.table()).collect();
    let first = &version(1);
    let written = join_all(writers.iter().map(|table| table.put_control(stage, first))).await;
    assert_eq!(written.iter().filter(|written| written.is_ok()).count(), 1);
}
