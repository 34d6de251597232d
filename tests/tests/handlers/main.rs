//! The Lambda handlers on SQS events as they come: good, bad, doubled, late.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod batch_item_failures;
mod check;
mod dead_letters;
mod newer;
mod world;

use std::time::Duration;

use batch::BatchError;
use delivery::machine::visit_id_of;
use delivery::ports::{FileStates, Lists};
use delivery::{Delivery, Status, Task};
use uuid::Uuid;

use world::{LONG, World, event, failed, json};

#[tokio::test]
async fn one_body_of_ten_that_is_no_json_fails_alone() {
    let world = World::new().await;
    let mut bodies = Vec::new();
    for item in 0..10 {
        bodies.push(json(&world.assignment(item).await));
    }
    bodies[4] = "not JSON".to_owned();
    assert_eq!(failed(&world.dispatch(&bodies).await), ["m4"]);
    let mut deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 9);
    deliveries.insert(2, "{}".to_owned());
    assert_eq!(failed(&world.send(&deliveries, LONG).await), ["m2"]);
    assert_eq!(world.calls(), 9);
}

#[tokio::test]
async fn a_record_without_an_id_is_an_error_on_purpose() {
    let world = World::new().await;
    let mut event = event(&[json(&world.assignment(1).await)], LONG);
    event.payload.records[0].message_id = None;
    let error = dispatcher::handle(&world.ports, event).await.unwrap_err();
    assert_eq!(error, BatchError::NoMessageId(0));
}

#[tokio::test]
async fn a_doubled_assignment_opens_one_delivery_and_sends_its_message_again() {
    let world = World::new().await;
    let assignment = world.assignment(1).await;
    let bodies = vec![json(&assignment), json(&assignment)];
    assert!(failed(&world.dispatch(&bodies).await).is_empty());
    let again = world.dispatch(&bodies[..1]).await;
    assert!(failed(&again).is_empty());
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries.len(), 3);
    let ids: std::collections::BTreeSet<Uuid> = deliveries
        .iter()
        .map(|body| Delivery::parse(body).unwrap().delivery_id)
        .collect();
    assert_eq!(ids, [visit_id_of(&assignment)].into());
    // All three at once: one calls, the others leave their message to come again.
    let first = world.send(&deliveries, LONG).await;
    assert_eq!((world.calls(), failed(&first).len()), (1, 2));
    // When they do come again there is nothing left to do.
    assert!(failed(&world.send(&deliveries, LONG).await).is_empty());
    assert_eq!(world.calls(), 1);
    // Nor is there for the assignment.
    assert!(failed(&world.dispatch(&bodies).await).is_empty());
    assert!(world.deliveries().await.is_empty());
}

#[tokio::test]
async fn with_too_little_time_left_nothing_is_begun() {
    let world = World::new().await;
    let mut bodies = Vec::new();
    for item in 0..5 {
        bodies.push(json(&world.assignment(item).await));
    }
    world.dispatch(&bodies).await;
    let deliveries = world.deliveries().await;
    // The stage's timeout is 30 s; with 31 s left a call could not be recorded any more.
    let late = world.send(&deliveries, Duration::from_secs(31)).await;
    assert_eq!((failed(&late).len(), world.calls()), (5, 0));
    for body in &deliveries {
        let state = world
            .ports
            .engine()
            .get(&Delivery::parse(body).unwrap().key())
            .await
            .unwrap();
        assert_eq!(state.unwrap().status, Status::Queued);
    }
    assert!(failed(&world.send(&deliveries, LONG).await).is_empty());
    assert_eq!(world.calls(), 5);
}

#[tokio::test]
async fn messages_that_are_early_old_or_foreign_call_nobody() {
    let world = World::new().await;
    let (_, body) = world.opened().await;
    let message = Delivery::parse(&body).unwrap();
    // A later attempt than is due: dropped, the due one's message is under way.
    let ahead = Delivery {
        task: Task::Attempt(2),
        ..message.clone()
    };
    assert!(failed(&world.send(&[json(&ahead)], LONG).await).is_empty());
    // A file nobody knows: it stays, and becomes a dead letter.
    let foreign = Delivery {
        item_id: Uuid::from_u128(99),
        ..message.clone()
    };
    assert_eq!(failed(&world.send(&[json(&foreign)], LONG).await), ["m0"]);
    // Another delivery of this file: over.
    let other = Delivery {
        delivery_id: Uuid::from_u128(98),
        ..message
    };
    assert!(failed(&world.send(&[json(&other)], LONG).await).is_empty());
    assert_eq!(world.calls(), 0);
    assert!(failed(&world.send(&[body], LONG).await).is_empty());
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn an_assignment_to_a_file_under_way_is_rejected_and_kept() {
    let world = World::new().await;
    let first = world.assignment(1).await;
    let second = world.assignment(1).await;
    let mut unknown = world.assignment(2).await;
    unknown.workflow_id = Uuid::from_u128(404);
    let mut nowhere = world.assignment(3).await;
    nowhere.stage_id = Uuid::from_u128(404);
    assert!(failed(&world.dispatch(&[json(&first)]).await).is_empty());
    let rest = [json(&second), json(&unknown), json(&nowhere)];
    assert!(failed(&world.dispatch(&rest).await).is_empty());
    for (assignment, code) in [
        (second, "busy"),
        (unknown, "unknown_workflow"),
        (nowhere, "unknown_stage"),
    ] {
        let kept = world
            .ports
            .engine()
            .rejections(&assignment.key())
            .await
            .unwrap();
        let own = kept
            .iter()
            .find(|r| r.assignment_id == assignment.assignment_id)
            .unwrap();
        assert_eq!(own.reason.code(), code);
    }
}
