//! The Lambda handlers on SQS events as they come: good, bad, doubled, late.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use bytes::Bytes;
use delivery::machine::visit_id_of;
use delivery::ports::{Documents, FileStates, Lists, Observation, Observer};
use delivery::{
    Assignment, Delivery, Document, DocumentReader, DocumentRef, Outcome, Status, Timestamp,
};
use embedded::{Engine, Options, Queue};
use lambda_runtime::{Context, LambdaEvent};
use sender::Settings;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use webhook_stage::Local;
use workflow::{Actor, Role, Workflow};

const EXAMPLE: &[u8] = include_bytes!("../../infra/local/examples/workflow.json");

struct World {
    ports: Local,
    workflow: Workflow,
    calls: Arc<std::sync::atomic::AtomicUsize>,
    _directory: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::of(EXAMPLE).await
    }

    /// With a workflow whose first Webhook stage calls a receiver that answers 200.
    async fn of(json: &[u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let calls = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        tokio::spawn(answer(listener, Arc::clone(&calls)));
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        let mut workflow = Workflow::import(json).unwrap().workflow;
        let stage = workflow.first_webhook().unwrap().id;
        workflow.set_webhook_url(stage, &url).unwrap();
        let secrets = Workflow::import(json).unwrap().secrets;
        engine.store_secrets(secrets).await.unwrap();
        engine.store_workflow("team", &workflow).await.unwrap();
        let config = CallerConfig {
            allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
            ..CallerConfig::default()
        };
        let ports = Local::new(engine, WebhookCaller::new(config).unwrap(), Arc::new(()));
        Self {
            ports,
            workflow,
            calls,
            _directory: directory,
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(std::sync::atomic::Ordering::SeqCst)
    }

    async fn assignment(&self, item: u128) -> Assignment {
        let assignment = Assignment {
            assignment_id: Uuid::new_v4(),
            team: "team".to_owned(),
            workflow_id: self.workflow.id,
            stage_id: self.workflow.first_webhook().unwrap().id,
            item_id: Uuid::from_u128(item),
            assigned_by: Actor::User {
                id: None,
                role: Role::Admin,
            },
            document: None,
        };
        let body = Bytes::from_static(b"{\"version\":\"2.0\",\"item\":{}}");
        self.ports
            .engine()
            .store_document(&assignment.key(), body)
            .await
            .unwrap();
        assignment
    }

    async fn dispatch(&self, bodies: &[String]) -> SqsBatchResponse {
        dispatcher::handle(&self.ports, event(bodies, Duration::from_secs(60)))
            .await
            .unwrap()
    }

    async fn send(&self, bodies: &[String], left: Duration) -> SqsBatchResponse {
        sender::handle(&self.ports, &Settings::default(), event(bodies, left))
            .await
            .unwrap()
    }

    /// The delivery messages on the queue.
    async fn deliveries(&self) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let engine = self.ports.engine();
            let got = engine
                .receive(Queue::Deliveries, 10, Duration::from_secs(60), 1000)
                .await
                .unwrap();
            if got.is_empty() {
                return bodies;
            }
            bodies.extend(got.iter().map(|message| message.body.clone()));
            engine.delete(Queue::Deliveries, got).await.unwrap();
        }
    }
}

/// Answers every request with 200, after a moment that lets doubled calls meet.
async fn answer(listener: TcpListener, calls: Arc<std::sync::atomic::AtomicUsize>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let calls = Arc::clone(&calls);
        tokio::spawn(async move {
            let mut head = vec![0; 16 * 1024];
            while stream.read(&mut head).await.is_ok_and(|read| read > 0) {
                calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
                let _ = stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .await;
            }
        });
    }
}

fn event(bodies: &[String], left: Duration) -> LambdaEvent<SqsEvent> {
    let mut event = SqsEvent::default();
    for (index, body) in bodies.iter().enumerate() {
        let mut message = SqsMessage::default();
        message.message_id = Some(format!("m{index}"));
        message.body = Some(body.clone());
        event.records.push(message);
    }
    let mut context = Context::default();
    let deadline = Timestamp::from(SystemTime::now()).plus(left);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    LambdaEvent::new(event, context)
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    response
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect()
}

fn json(message: &impl serde::Serialize) -> String {
    serde_json::to_string(message).unwrap()
}

const LONG: Duration = Duration::from_secs(120);

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
    assert_eq!(error.code(), "no_message_id");
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
    let assignment = world.assignment(1).await;
    world.dispatch(&[json(&assignment)]).await;
    let body = world.deliveries().await.pop().unwrap();
    let message = Delivery::parse(&body).unwrap();
    // A later attempt than is due: dropped, the due one's message is under way.
    let ahead = Delivery {
        attempt: 2,
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

#[tokio::test]
async fn a_dead_letter_leaves_by_the_failed_edge_and_is_parked() {
    let world = World::new().await;
    let assignment = world.assignment(1).await;
    world.dispatch(&[json(&assignment)]).await;
    let body = world.deliveries().await.pop().unwrap();
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
    assert!(parked.iter().any(|(_, letter)| letter.contains("garbage")));
    assert_eq!(world.calls(), 0);
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
    assert!(world.dispatch(&[body]).await.batch_item_failures.is_empty());
    let sent = world
        .send(&world.deliveries().await, Duration::from_secs(120))
        .await;
    assert!(sent.batch_item_failures.is_empty(), "{sent:?}");
    let engine = world.ports.engine();
    let next = engine.receive(Queue::Assignments, 10, Duration::from_secs(60), 100);
    let next = Assignment::parse(&next.await.unwrap()[0].body).unwrap();
    assert_eq!(next.stage_id.to_string(), ids[1].as_str().unwrap());
    assert!(next.document.is_none());
    let kept = match engine.open(&assignment.key(), None).await.unwrap() {
        Document::Bytes(kept) => kept.len() as u64,
        Document::Large(kept) => kept.length(),
    };
    assert!(kept > 1_000_000, "{kept}");
}

#[derive(Default)]
struct WentBack(Mutex<Vec<(&'static str, &'static str)>>);

impl Observer for WentBack {
    fn observe(&self, observation: Observation<'_>) {
        if let Observation::WentBack { function, code } = observation {
            self.0.lock().unwrap().push((function, code));
        }
    }
}

#[tokio::test]
async fn what_goes_back_is_observed() {
    let (world, seen) = (World::new().await, Arc::new(WentBack::default()));
    let caller = WebhookCaller::new(CallerConfig::default()).unwrap();
    let ports = Local::new(world.ports.engine().clone(), caller, seen.clone());
    let event = || event(&["garbage".to_owned()], LONG);
    dispatcher::handle(&ports, event()).await.unwrap();
    let settings = Settings::default();
    sender::handle(&ports, &settings, event()).await.unwrap();
    let expected = ["dispatcher", "sender"].map(|function| (function, "invalid_message"));
    assert_eq!(*seen.0.lock().unwrap(), expected);
}
