//! What pollers rely on beyond the contract of the ports: whom a message wakes, and that a group
//! without room is neither served nor asked after until it has some.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use delivery::ports::{Outgoing, SendMessages};
use delivery::{Delivery, Task};
use embedded::{Engine, Options, Queue, Received};
use tempfile::TempDir;
use tokio::time::timeout;
use uuid::Uuid;

const VISIBILITY: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_millis(50);

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
    let received = engine.receive(Queue::Deliveries, 10, VISIBILITY, cap).await;
    received.unwrap()
}

#[tokio::test]
async fn a_message_wakes_its_own_queue_only() {
    let (engine, _directory) = engine();
    let mut deliveries = std::pin::pin!(engine.sent(Queue::Deliveries));
    let mut assignments = std::pin::pin!(engine.sent(Queue::Assignments));
    deliveries.as_mut().enable();
    assignments.as_mut().enable();
    send(&engine, 1, 1).await;
    timeout(SOON, deliveries).await.unwrap();
    assert!(timeout(SOON, assignments).await.is_err());
}

#[tokio::test]
async fn a_group_without_room_has_nothing_due_and_wakes_when_it_has_room() {
    let (engine, _directory) = engine();
    let room = |held: usize| 3_usize.saturating_sub(held);
    send(&engine, 1, 5).await;
    let mut in_flight = receive(&engine, 3).await;
    assert_eq!(in_flight.len(), 3);
    let mut sent = std::pin::pin!(engine.sent(Queue::Deliveries));
    sent.as_mut().enable();
    assert!(receive(&engine, 3).await.is_empty());
    // Its messages are past due: who waited for them would look again and again, and get none.
    let due = engine.next_due(Queue::Deliveries, room).await.unwrap();
    assert_eq!(due, None);
    assert!(timeout(SOON, sent.as_mut()).await.is_err());

    let one = in_flight.split_off(2);
    engine.delete(Queue::Deliveries, &one).await.unwrap();
    timeout(SOON, sent).await.unwrap();
    let due = engine.next_due(Queue::Deliveries, room).await.unwrap();
    assert!(due.is_some());
    assert_eq!(receive(&engine, 3).await.len(), 1);
}

#[tokio::test]
async fn a_settled_message_wakes_nobody_where_no_group_wants_room() {
    let (engine, _directory) = engine();
    send(&engine, 1, 1).await;
    let in_flight = receive(&engine, 3).await;
    let mut sent = std::pin::pin!(engine.sent(Queue::Deliveries));
    sent.as_mut().enable();
    engine.delete(Queue::Deliveries, &in_flight).await.unwrap();
    assert!(timeout(SOON, sent).await.is_err());
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
