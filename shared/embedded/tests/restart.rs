//! What a state directory is after its process ended, however it did.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use delivery::control::{StageControl, StageKey, paused};
use delivery::ports::{
    Archived, Controls, FileStates, Items, Listing, Lists, MAX_RECEIVES, NewDocument, Operator,
    Outgoing, Queue, Receive, Received, SendMessages, WriteError,
};
use delivery::{
    Delivery, FileKey, FileState, ItemFilter, Status, Task, Timestamp, Visit, VisitRecord,
};
use embedded::{Engine, MAX_CRASHES, Options};
use uuid::Uuid;
use workflow::{Actor, Role};

const VISIBILITY: Duration = Duration::from_secs(60);

fn open(directory: &Path) -> Engine {
    Engine::open(directory, Options::default()).unwrap()
}

async fn send(engine: &Engine) {
    let message = Delivery {
        delivery_id: Uuid::nil(),
        team: "t".to_owned(),
        item_id: Uuid::nil(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
        task: Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    };
    let delay = Duration::ZERO;
    for sent in engine.send(vec![Outgoing { message, delay }]).await {
        sent.unwrap();
    }
}

async fn receive(engine: &Engine) -> Vec<Received> {
    let received = engine
        .receive(Queue::Deliveries, 10, VISIBILITY, |_| 10)
        .await;
    received.unwrap()
}

/// The log goes into the database when the connection is closed, and that is the thread's last act.
#[tokio::test]
async fn the_last_handle_leaves_a_closed_database() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let log = directory.path().join("webhook-stage.db-wal");
    for _ in 0..20 {
        send(&engine).await;
    }
    assert!(log.exists());
    drop(engine);
    assert!(!log.exists());
}

#[tokio::test]
async fn a_message_outlives_many_processes_that_die_with_it_in_hand_but_not_all() {
    let directory = tempfile::tempdir().unwrap();
    send(&open(directory.path())).await;
    for _ in 0..=MAX_CRASHES {
        let received = receive(&open(directory.path())).await;
        assert_eq!(received.len(), 1);
        assert!(received[0].receive_count <= MAX_RECEIVES);
    }
    let engine = open(directory.path());
    assert!(receive(&engine).await.is_empty());
    let dead = engine.depth(Queue::DeliveriesDeadLetters).await.unwrap();
    assert_eq!(dead.visible, 1);
}

/// Up to version 5 nothing was known of an item but its name.
const BEFORE_6: &str =
    "ALTER TABLE items DROP COLUMN dataset_id; ALTER TABLE items DROP COLUMN body;";

#[tokio::test]
async fn an_item_of_the_fifth_version_is_listed_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let key = waiting().key;
    let document = NewDocument {
        key: key.clone(),
        name: "of version 5".to_owned(),
        digest: Uuid::nil(),
        bytes: "{}".into(),
    };
    engine.put_documents(vec![document]).await.unwrap();
    drop(engine);
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    database.execute_batch(BEFORE_6).unwrap();
    let fifth = "PRAGMA user_version = 5";
    database.execute_batch(fifth).unwrap();
    drop(database);
    let engine = open(directory.path());
    let all = ItemFilter::default();
    let page = engine.items(&key.team, &all, None, 10).await.unwrap();
    let names: Vec<_> = page.rows.iter().map(|row| &*row.item.name).collect();
    assert_eq!(names, ["of version 5"]);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_this_one() {
    let directory = tempfile::tempdir().unwrap();
    send(&open(directory.path())).await;
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    let first = "DROP TABLE controls; ALTER TABLE messages DROP COLUMN crashes;
        ALTER TABLE attempts DROP COLUMN version; PRAGMA user_version = 1";
    database.execute_batch(first).unwrap();
    database.execute_batch(BEFORE_6).unwrap();
    drop(database);
    assert_eq!(receive(&open(directory.path())).await.len(), 1);
    assert_eq!(receive(&open(directory.path())).await.len(), 1);
    keeps_a_control_record(directory.path()).await;
}

/// Version 2 had no control records.
#[tokio::test]
async fn a_database_of_the_second_version_is_brought_up_to_this_one() {
    let directory = tempfile::tempdir().unwrap();
    send(&open(directory.path())).await;
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    let second = "DROP TABLE controls; PRAGMA user_version = 2";
    database.execute_batch(second).unwrap();
    database.execute_batch(BEFORE_6).unwrap();
    drop(database);
    assert_eq!(receive(&open(directory.path())).await.len(), 1);
    keeps_a_control_record(directory.path()).await;
}

/// Up to version 4 files' tables had no row ids, and there was no journal.
#[tokio::test]
async fn a_database_of_the_fourth_version_is_brought_up_to_this_one() {
    let directory = tempfile::tempdir().unwrap();
    let engine = open(directory.path());
    let mut state = waiting();
    engine.put(&state).await.unwrap();
    drop(engine);
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    let fourth = "DROP TABLE journal; DROP INDEX unfinished; DROP INDEX in_flight;
        CREATE TABLE fourth (
            team TEXT NOT NULL, item_id BLOB NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
            stage_id BLOB NOT NULL, at_rest INTEGER NOT NULL, failed_stage BLOB, updated_at INTEGER NOT NULL,
            body TEXT NOT NULL, PRIMARY KEY (team, item_id)) WITHOUT ROWID;
        INSERT INTO fourth SELECT * FROM states; DROP TABLE states; ALTER TABLE fourth RENAME TO states;
        CREATE INDEX at_rest ON states (stage_id, updated_at, team, item_id) WHERE at_rest = 1;
        CREATE INDEX failed ON states (failed_stage, updated_at, team, item_id) WHERE failed_stage IS NOT NULL;
        PRAGMA user_version = 4";
    database.execute_batch(fourth).unwrap();
    database.execute_batch(BEFORE_6).unwrap();
    drop(database);
    let engine = open(directory.path());
    assert_eq!(engine.get(&state.key).await.unwrap(), Some(state.clone()));
    state.version = 2;
    engine.put(&state).await.unwrap();
    drop(engine);
    let engine = open(directory.path());
    assert_eq!(engine.get(&state.key).await.unwrap(), Some(state.clone()));
    let listing = Listing {
        stages: vec![state.visit.stage_id],
        failed: false,
    };
    let listed = engine.at_rest(&listing, None, 10).await.unwrap();
    assert_eq!(listed.rows, [state]);
}

fn waiting() -> FileState {
    let then = Timestamp::from_millis(7);
    let assigned_by = Actor::User {
        id: None,
        role: Role::Admin,
    };
    FileState {
        key: FileKey {
            team: "t".to_owned(),
            item_id: Uuid::nil(),
        },
        workflow_id: Uuid::nil(),
        version: 1,
        status: Status::Waiting,
        delivery: None,
        visit: Visit {
            id: Uuid::nil(),
            stage_id: Uuid::nil(),
            sequence: 1,
            entered_at: then,
            assigned_by,
            assignee: None,
        },
        passed: BTreeSet::new(),
        hops: 0,
        updated_at: then,
    }
}

#[tokio::test]
async fn a_record_is_written_with_its_history() {
    let directory = tempfile::tempdir().unwrap();
    let first = waiting();
    let visit = VisitRecord {
        key: first.key.clone(),
        workflow_id: first.workflow_id,
        version: 1,
        visit: first.visit.clone(),
        delivery: None,
    };
    let archived = [Archived::Visit(Box::new(visit.clone()))];
    open(directory.path())
        .write(&archived, &first)
        .await
        .unwrap();
    let engine = open(directory.path());
    assert_eq!(engine.get(&first.key).await.unwrap().as_ref(), Some(&first));
    assert_eq!(engine.visits(&first.key).await.unwrap(), [visit]);
    let again = engine.write(&archived, &first).await;
    assert!(matches!(again, Err(WriteError::Conflict(Some(found))) if *found == first));
}

/// Its deliveries would otherwise become dead letters.
#[tokio::test]
async fn a_control_record_that_cannot_be_read_counts_as_none() {
    let directory = tempfile::tempdir().unwrap();
    keeps_a_control_record(directory.path()).await;
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    database
        .execute("UPDATE controls SET body = '{'", [])
        .unwrap();
    drop(database);
    let found = open(directory.path()).control(&stage()).await.unwrap();
    assert_eq!(found, StageControl::default());
}

fn stage() -> StageKey {
    StageKey {
        team: "t".to_owned(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
    }
}

async fn keeps_a_control_record(directory: &Path) {
    let stage = stage();
    let none = StageControl::default();
    let paused = paused(&none, "operator", None, delivery::Timestamp::from_millis(7)).unwrap();
    let engine = open(directory);
    assert_eq!(engine.control(&stage).await.unwrap(), none);
    engine.put_control(&stage, &paused).await.unwrap();
    drop(engine);
    let engine = open(directory);
    assert_eq!(engine.control(&stage).await.unwrap(), paused);
}
