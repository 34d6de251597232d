//! Messages that nobody could handle, and documents too large for their messages.

use std::time::Duration;

use delivery::ports::{Documents, FileStates, Operator, Queue, Receive};
use delivery::{Assignment, Delivery, Document, DocumentReader, DocumentRef, Outcome, Status};
use serde_json::value::RawValue;

use crate::world::{EXAMPLE, LONG, World, event, failed, json};

#[tokio::test]
async fn a_dead_letter_leaves_by_the_failed_edge_and_is_parked() {
    let world = World::new().await;
    let (assignment, body) = world.opened().await;
    let bodies = [body.clone(), "garbage".to_owned()];
    let event = event(&bodies, LONG);
    let answer = dead_letter::handle(&world.ports, event).await.unwrap();
    assert!(failed(&answer).is_empty());
    let engine = world.ports.engine();
    let state = engine.get(&assignment.key()).await.unwrap().unwrap();
    let delivery = state.delivery.unwrap();
    assert_eq!(delivery.outcome, Some(Outcome::Failed));
    assert_eq!(delivery.reason, Some(delivery::Reason::DeadLettered));
    let failed_stage = world.workflow.find_stage("Not notified").unwrap().id;
    assert_eq!(
        (state.status, state.visit.stage_id),
        (Status::Waiting, failed_stage)
    );
    let parked = engine.parked(10).await.unwrap();
    assert_eq!(parked.len(), 2);
    assert!(
        parked
            .iter()
            .flatten()
            .any(|letter| letter.body.contains("garbage"))
    );
    assert_eq!(world.calls(), 0);
}

/// Redriven, it would send the file through the stage once more.
#[tokio::test]
async fn a_letter_that_its_file_did_without_is_not_parked() {
    let world = World::new().await;
    let (assignment, delivery) = world.opened().await;
    let engine = world.ports.engine();
    // The delivery is open: its message, sent again, is all that the assignment's letter comes to.
    let letters = event(&[json(&assignment)], LONG);
    dead_letter::handle(&world.ports, letters).await.unwrap();
    let delivery = std::slice::from_ref(&delivery);
    assert_eq!(world.deliveries().await, delivery);
    world.send(delivery, LONG).await;
    assert_eq!(world.calls(), 1);
    let letters = event(&[json(&assignment), delivery[0].clone()], LONG);
    dead_letter::handle(&world.ports, letters).await.unwrap();
    assert!(engine.parked(10).await.unwrap().is_empty());
    let state = engine.get(&assignment.key()).await.unwrap().unwrap();
    assert_eq!(state.delivery.unwrap().outcome, Some(Outcome::Succeeded));
}

/// What has died twice is there twice, and what nobody knows is there for whoever looks.
#[tokio::test]
async fn a_letter_is_parked_whenever_it_comes_and_so_is_one_of_no_effect() {
    let world = World::new().await;
    let (_, delivery) = world.opened().await;
    let never_seen = json(&world.assignment(2).await);
    for body in [&delivery, &delivery, &never_seen] {
        let letters = event(std::slice::from_ref(body), LONG);
        dead_letter::handle(&world.ports, letters).await.unwrap();
    }
    let parked = world.ports.engine().parked(10).await.unwrap();
    assert_eq!(parked.len(), 3);
}

/// In the letter the message is a string, where each of its quotation marks takes two bytes.
#[tokio::test]
async fn a_letter_too_long_to_be_parked_leaves_its_document_in_the_store() {
    let world = World::new().await;
    let mut assignment = world.assignment(1).await;
    let quotes = vec![""; delivery::MAX_BODY / 4];
    let document = serde_json::json!({"version": "2.0", "item": {"name": quotes}}).to_string();
    let inline = RawValue::from_string(document.clone()).unwrap();
    assignment.document = Some(DocumentRef::Inline(inline));
    world.dispatch(&[json(&assignment)]).await;
    let delivery = world.deliveries().await.pop().unwrap();
    let unreadable = "\"".repeat(delivery::MAX_BODY);
    let letters = event(&[delivery, unreadable], LONG);
    let answer = dead_letter::handle(&world.ports, letters).await.unwrap();
    assert!(failed(&answer).is_empty());
    let engine = world.ports.engine();
    let parked = engine.parked(10).await.unwrap();
    let mut letters: Vec<delivery::DeadLetter> = parked.into_iter().flatten().collect();
    letters.sort_by_key(|letter| Delivery::parse(&letter.body).is_err());
    let [delivery, unreadable] = &letters[..] else {
        panic!("{letters:?}");
    };
    assert!(Delivery::parse(&delivery.body).unwrap().document.is_none());
    assert!(
        delivery.cause.contains("in the store"),
        "{}",
        delivery.cause
    );
    assert!(
        unreadable.cause.contains("beginning"),
        "{}",
        unreadable.cause
    );
    match engine.open(&assignment.key(), None).await.unwrap() {
        Document::Bytes(kept) => assert_eq!(kept, document.as_bytes()),
        Document::Large(kept) => assert_eq!(kept.length(), document.len() as u64),
    }
}

/// The assignment to the next stage is longer than the delivery it follows from.
#[tokio::test(flavor = "multi_thread")]
async fn a_document_as_large_as_a_message_goes_on_through_the_store() {
    let mut json: serde_json::Value = serde_json::from_slice(EXAMPLE).unwrap();
    let stages = json["stages"].as_array().unwrap();
    let webhooks = stages.iter().filter(|stage| stage["type"] == "webhook");
    let ids: Vec<_> = webhooks.map(|stage| stage["id"].clone()).collect();
    let stages = json["stages"].as_array_mut().unwrap();
    let first = stages.iter_mut().find(|stage| stage["id"] == ids[0]);
    let edges = first.unwrap()["edges"].as_array_mut().unwrap();
    let succeeded = edges.iter_mut().find(|edge| edge["name"] == "succeeded");
    succeeded.unwrap()["target_stage_id"] = ids[1].clone();
    let world = World::of(json.to_string().as_bytes()).await;
    let mut assignment = world.assignment(9).await;
    let document = |length: usize| {
        let text = format!(
            r#"{{"version":"2.0","item":{{"name":"{}"}}}}"#,
            "x".repeat(length)
        );
        DocumentRef::Inline(RawValue::from_string(text).unwrap())
    };
    assignment.document = Some(document(0));
    let empty = serde_json::to_string(&assignment).unwrap().len();
    assignment.document = Some(document(delivery::MAX_BODY - empty));
    let body = serde_json::to_string(&assignment).unwrap();
    assert_eq!(body.len(), delivery::MAX_BODY);
    assert!(world.dispatch(&[body]).await.failed.is_empty());
    let sent = world
        .send(&world.deliveries().await, Duration::from_secs(120))
        .await;
    assert!(sent.failed.is_empty(), "{sent:?}");
    let engine = world.ports.engine();
    let next = engine.receive(Queue::Assignments, 10, Duration::from_secs(60), |_| 100);
    let next = Assignment::parse(&next.await.unwrap()[0].body).unwrap();
    assert_eq!(next.stage_id.to_string(), ids[1].as_str().unwrap());
    assert!(next.document.is_none());
    let kept = match engine.open(&assignment.key(), None).await.unwrap() {
        Document::Bytes(kept) => kept.len() as u64,
        Document::Large(kept) => kept.length(),
    };
    assert!(kept > 1_000_000, "{kept}");
}
