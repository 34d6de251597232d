//! What pollers on several threads rely on, beyond the contract of the ports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use delivery::ports::{Group, Outgoing, Queue, Receive, Received, SendMessages};
use delivery::{Assignment, Delivery, Task};
use embedded::{Engine, Options};
use tempfile::TempDir;
use uuid::Uuid;
use workflow::{Actor, Role};

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
    let room = move |group: Group<'_>| cap.saturating_sub(group.in_flight);
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

/// The dispatcher's poller goes by this.
#[tokio::test]
async fn a_group_of_assignments_knows_the_deliveries_ahead_of_it() {
    let (engine, _directory) = engine();
    let assignment = Assignment {
        assignment_id: Uuid::nil(),
        team: "t".to_owned(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::from_u128(1),
        item_id: Uuid::nil(),
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    };
    let assigned = vec![Outgoing {
        message: assignment,
        delay: Duration::ZERO,
    }];
    for sent in engine.send(assigned).await {
        sent.unwrap();
    }
    let few = |group: Group<'_>| if group.ahead > 2 { 0 } else { 10 };
    send(&engine, 1, 3).await;
    send(&engine, 2, 3).await;
    let more_than_two = |group: Group<'_>| if group.groups > 2 { 10 } else { 0 };
    let taken = engine.receive(Queue::Deliveries, 10, VISIBILITY, more_than_two);
    assert!(taken.await.unwrap().is_empty(), "there are two groups");
    let mut sent = std::pin::pin!(engine.sent(Queue::Assignments));
    let taken = engine.receive(Queue::Assignments, 10, VISIBILITY, few);
    assert!(taken.await.unwrap().is_empty());
    assert_eq!(
        engine.next_due(Queue::Assignments, few).await.unwrap(),
        None
    );
    let at_rest = tokio::time::timeout(Duration::from_millis(20), sent.as_mut());
    assert!(at_rest.await.is_err());

    let first = engine.receive(Queue::Deliveries, 1, VISIBILITY, |_| 10);
    assert_eq!(first.await.unwrap().len(), 1);
    sent.await;
    let taken = engine.receive(Queue::Assignments, 10, VISIBILITY, few);
    assert_eq!(taken.await.unwrap().len(), 1);
}
