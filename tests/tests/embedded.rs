//! The embedded engine: the contract, and what is its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use bytes::Bytes;
use delivery::control::StageKey;
use delivery::ports::{
    FileStates, Freshness, Outgoing, PortErrorKind, Queue, Receive, Received, Secrets,
    SendMessages, Workflows, WriteError,
};
use delivery::{Delivery, FileKey, Status, Task};
use embedded::{Engine, Options};
use rusqlite::params;
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;
use tests::contract::{self, InFlight, QueueUnderTest};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

fn engine() -> (Engine, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (
        Engine::open(directory.path(), Options::default()).unwrap(),
        directory,
    )
}

struct Deliveries(Engine);

impl SendMessages<Delivery> for Deliveries {
    async fn send(
        &self,
        messages: Vec<Outgoing<Delivery>>,
    ) -> Vec<Result<(), delivery::ports::PortError>> {
        self.0.send(messages).await
    }
}

impl QueueUnderTest for Deliveries {
    type Receipt = Received;

    async fn receive(&self) -> Vec<InFlight<Received>> {
        let got = self
            .0
            .receive(Queue::Deliveries, 10, Duration::from_secs(60), |_| 100)
            .await;
        let in_flight = |message: Received| InFlight {
            body: message.body.clone(),
            receive_count: message.receive_count,
            receipt: message,
        };
        got.unwrap().into_iter().map(in_flight).collect()
    }

    async fn delete(&self, receipt: Received) {
        self.0.delete(Queue::Deliveries, &[receipt]).await.unwrap();
    }

    async fn release(&self, receipt: Received) {
        self.0
            .release(Queue::Deliveries, &[receipt], Duration::ZERO)
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_holds() {
    let (engine, _directory) = engine();
    contract::conditional_writes(&engine).await;
    contract::one_of_many_writers(&engine).await;
    contract::outcomes(&engine).await;
    contract::snapshots(&engine).await;
    contract::held_back(&engine).await;
    contract::controls(&engine).await;
    contract::history(&engine).await;
    contract::lists(&engine).await;
    contract::unfinished(&engine).await;
    contract::items(&engine, &engine).await;
    contract::service(&engine).await;
    contract::keys(&engine).await;
    contract::queues(&Deliveries(engine.clone())).await;
    contract::receive(&engine).await;
    contract::operator(&engine, &engine, &engine).await;
    contract::documents(&engine, async |key: &FileKey, content: Vec<u8>| {
        engine
            .store_document(key, Bytes::from(content))
            .await
            .unwrap();
    })
    .await;
}

fn message(stage: u128) -> Outgoing<Delivery> {
    let message = Delivery {
        delivery_id: Uuid::new_v4(),
        team: "t".to_owned(),
        item_id: Uuid::new_v4(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::from_u128(stage),
        task: Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    };
    Outgoing {
        message,
        delay: Duration::ZERO,
    }
}

async fn send(engine: &Engine, stage: u128, count: usize) {
    let sent = engine
        .send((0..count).map(|_| message(stage)).collect::<Vec<_>>())
        .await;
    assert!(sent.iter().all(Result::is_ok));
}

async fn receive(engine: &Engine) -> Vec<Received> {
    engine
        .receive(Queue::Deliveries, 10, Duration::from_secs(60), |_| 10)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_a_later_version_wrote_is_not_damaged() {
    let (engine, directory) = engine();
    let database = rusqlite::Connection::open(directory.path().join("webhook-stage.db")).unwrap();
    contract::newer(&engine, async |key: &FileKey, stage: &StageKey| {
        // Puts the records into the tables.
        engine.counts().await.unwrap();
        for table in ["states", "visits"] {
            let raise = format!(
                "UPDATE {table} SET body = '{{\"format_version\":9}}' WHERE team = ?1 AND item_id = ?2"
            );
            database
                .execute(&raise, params![key.team, key.item_id])
                .unwrap();
        }
        let control = params![stage.team, stage.workflow_id, stage.stage_id, 1, contract::CONTROL];
        database
            .execute("INSERT INTO controls VALUES (?1, ?2, ?3, ?4, ?5)", control)
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_a_dead_process_had_in_hand_is_free_again() {
    let (engine, directory) = engine();
    send(&engine, 1, 2).await;
    assert_eq!(receive(&engine).await.len(), 2);
    let mut state = contract::waiting(&contract::key(), Uuid::nil());
    state.status = Status::Sending;
    let mut delivery = contract::finished(Uuid::nil(), delivery::Outcome::Failed);
    delivery.outcome = None;
    delivery.lease_until = Some(delivery::Timestamp::from_millis(i64::MAX));
    state.delivery = Some(delivery);
    engine.put(&state).await.unwrap();
    drop(engine);
    let engine = reopen(&directory);
    assert_eq!(receive(&engine).await.len(), 2);
    let found = engine.get(&state.key).await.unwrap().unwrap();
    let lease = found.delivery.unwrap().lease_until.unwrap();
    assert!(lease < std::time::SystemTime::now().into());
}

fn reopen(directory: &TempDir) -> Engine {
    Engine::open(directory.path(), Options::default()).unwrap()
}

#[tokio::test]
async fn a_second_engine_a_newer_schema_and_a_damaged_file_are_refused_in_words() {
    let (engine, directory) = engine();
    let error = Engine::open(directory.path(), Options::default()).unwrap_err();
    assert_eq!(error.code(), "state_locked");
    assert!(error.to_string().contains("in use by another"));
    drop(engine);
    drop(reopen(&directory));
    let database = directory.path().join("webhook-stage.db");
    rusqlite::Connection::open(&database)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = Engine::open(directory.path(), Options::default()).unwrap_err();
    assert_eq!(error.code(), "state_newer");
    std::fs::write(
        &database,
        "this is not a database, but it is long enough to look like one",
    )
    .unwrap();
    let error = Engine::open(directory.path(), Options::default()).unwrap_err();
    assert_eq!(error.code(), "state_corrupt");
    std::fs::remove_file(&database).unwrap();
    let foreign = "CREATE TABLE items (name TEXT); PRAGMA user_version = 1";
    rusqlite::Connection::open(&database)
        .unwrap()
        .execute_batch(foreign)
        .unwrap();
    let error = Engine::open(directory.path(), Options::default()).unwrap_err();
    assert_eq!(error.code(), "state_corrupt");
    // What cannot be opened at all is not damaged.
    std::fs::remove_file(&database).unwrap();
    std::fs::create_dir(&database).unwrap();
    let error = Engine::open(directory.path(), Options::default()).unwrap_err();
    assert_eq!(error.code(), "state_unusable");
}

#[tokio::test]
async fn a_full_disk_fails_the_write_and_nothing_else() {
    let directory = tempfile::tempdir().unwrap();
    let mut options = Options::default();
    options.max_pages = Some(60);
    let engine = Engine::open(directory.path(), options).unwrap();
    let key = contract::key();
    let state = contract::waiting(&key, Uuid::nil());
    engine.put(&state).await.unwrap();
    let mut failed = None;
    for _ in 0..20 {
        let big = Bytes::from(vec![b' '; 100_000]);
        if let Err(error) = engine.store_document(&contract::key(), big).await {
            failed = Some(error.kind);
            break;
        }
    }
    assert_eq!(failed, Some(PortErrorKind::Unavailable));
    assert_eq!(engine.get(&key).await.unwrap(), Some(state.clone()));
    let mut next = state.clone();
    next.version = 2;
    match engine.put(&next).await {
        Ok(()) | Err(WriteError::Port(_)) => {}
        Err(WriteError::Conflict(found)) => panic!("{found:?}"),
    }
    drop(engine);
    let engine = reopen(&directory);
    assert!(engine.get(&key).await.unwrap().unwrap().version >= 1);
    engine
        .store_document(&contract::key(), Bytes::from(vec![b' '; 100_000]))
        .await
        .unwrap();
}

#[tokio::test]
async fn workflows_and_secrets_are_kept_apart() {
    let (engine, directory) = engine();
    let json = std::fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../infra/local/examples/workflow.json"
    ))
    .unwrap();
    let imported = Workflow::import(&json).unwrap();
    let id = imported.workflow.id;
    assert!(engine.workflow("t", id).await.unwrap().is_none());
    engine
        .store_workflow("t", &imported.workflow)
        .await
        .unwrap();
    assert_eq!(
        *engine.workflow("t", id).await.unwrap().unwrap(),
        imported.workflow
    );
    assert!(engine.workflow("other", id).await.unwrap().is_none());
    let mut edited = imported.workflow.clone();
    let stage = edited.first_webhook().unwrap().id;
    edited
        .set_webhook_url(stage, "https://elsewhere.example/")
        .unwrap();
    engine.store_workflow("t", &edited).await.unwrap();
    assert_eq!(*engine.workflow("t", id).await.unwrap().unwrap(), edited);

    let reference = SecretRef("a/b".to_owned());
    assert!(
        engine
            .stage_secrets("t", &reference, Freshness::Cached)
            .await
            .unwrap()
            .is_none()
    );
    let secrets = StageSecrets {
        authorization: Some(SecretString::from("Bearer \"quoted\" \u{fc}")),
        signing_secrets: vec![SecretString::from("whsec_x")],
        ..StageSecrets::default()
    };
    engine
        .store_secrets("t", vec![(reference.clone(), secrets)])
        .await
        .unwrap();
    drop(engine);
    let engine = reopen(&directory);
    let of_another = engine.stage_secrets("another", &reference, Freshness::Latest);
    assert!(of_another.await.unwrap().is_none());
    let found = engine
        .stage_secrets("t", &reference, Freshness::Latest)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        found.authorization.unwrap().expose_secret(),
        "Bearer \"quoted\" \u{fc}"
    );
    assert_eq!(found.signing_secrets[0].expose_secret(), "whsec_x");
}
