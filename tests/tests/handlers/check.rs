//! Two dispatchers with one assignment: one refuses it and takes back both copies, the other opens the
//! visit and dies.

use delivery::machine::first_message;
use delivery::ports::{Operator, ScanSegment, Unfinished};
use delivery::usecase::prepare;
use delivery::{Delivery, Task};
use uuid::Uuid;

use crate::world::{LONG, World, event, failed, json};

#[tokio::test]
async fn a_visit_that_was_opened_beside_its_rejection_gets_its_message() {
    let world = World::new().await;
    let first = world.assignment(1).await;
    let mut second = first.clone();
    second.assignment_id = Uuid::new_v4();
    world.dispatch(&[json(&first)]).await;
    assert!(failed(&world.dispatch(&[json(&second)]).await).is_empty());
    let deliveries = world.deliveries().await;
    world.send(&deliveries, LONG).await;
    assert_eq!(world.calls(), 1);
    // The other copy, of a dispatcher that never gets to send what it opened.
    let opened = prepare(&world.ports, &second).await.unwrap();
    let lost = first_message(&second);
    drop(opened);
    let engine = world.ports.engine();
    let unfinished = engine
        .unfinished(ScanSegment::ALL, None)
        .await
        .unwrap()
        .rows;
    assert_eq!(unfinished.len(), 1);
    let has_message = unfinished[0].as_ref().unwrap().has_message;
    assert_eq!(has_message, Some(true));
    let check = Delivery {
        task: Task::Check {},
        ..first_message(&second)
    };
    let checked = world.send(&[json(&check)], LONG).await;
    assert!(failed(&checked).is_empty());
    let again = world.deliveries().await;
    assert_eq!(again, [json(&lost)]);
    world.send(&again, LONG).await;
    assert_eq!(world.calls(), 2);
    // There is nothing to send again any more.
    world.send(&[json(&check)], LONG).await;
    assert!(world.deliveries().await.is_empty());
    assert_eq!(world.calls(), 2);
}

/// It was sent after a command that was rejected: parked, a redrive would carry that out.
#[tokio::test]
async fn a_check_that_dies_is_not_parked() {
    let world = World::new().await;
    let first = world.assignment(1).await;
    world.dispatch(&[json(&first)]).await;
    let mut rejected = first.clone();
    rejected.assignment_id = Uuid::new_v4();
    let check = Delivery {
        task: Task::Check {},
        ..first_message(&rejected)
    };
    let letters = event(&[json(&check)], LONG);
    let answer = dead_letter::handle(&world.ports, letters).await.unwrap();
    assert!(failed(&answer).is_empty());
    assert!(world.ports.engine().parked(10).await.unwrap().is_empty());
}
