//! What pollers on several threads rely on, beyond the contract of the ports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use delivery::ports::{Outgoing, Queue, Receive, Received, SendMessages};
use delivery::{Delivery, Task};
use embedded::{Engine, Options};
use tempfile::TempDir;
use uuid::Uuid;

const VISIBILITY: Duration = Duration::from_secs(60);

fn engine() -> (Engine, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    (engine, directory)
}

async fn send(engine: &Engine, stage: u128, count: usize) {
    let message = Delivery {
        delivery_id: Uuid::nil(),
        team: "t".to_owned(),
        item_id: Uuid::nil(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::from_u128(stage),
        task: Task::Attempt(1),
        document: None,
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    };
    let messages = vec![
        Outgoing {
            message,
            delay: Duration::ZERO
        };
        count
    ];
    for sent in engine.send(messages).await {
        sent.unwrap();
    }
}

async fn receive(engine: &Engine, cap: usize) -> Vec<Received> {
    let room = move |_: &str, held: usize| cap.saturating_sub(held);
    let received = engine.receive(Queue::Deliveries, 10, VISIBILITY, room);
    received.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn pollers_at_once_do_not_both_see_room() {
    let (engine, _directory) = engine();
    send(&engine, 1, 40).await;
    let receives = (0..8).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { receive(&engine, 12).await.len() })
    });
    let mut held = 0;
    for received in receives.collect::<Vec<_>>() {
        held += received.await.unwrap();
    }
    assert_eq!(held, 12);
}
