//! Message bodies and SQS events: what cannot be read costs itself only (invariant 10).

use std::sync::{Arc, LazyLock};

use ::workflow::{Actor, Role, Workflow};
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use batch::{Answer, BatchError};
use delivery::{Assignment, DeadLetter, Delivery, FileKey, MessageError, Trace};
use lambda_runtime::{Context, LambdaEvent};
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use uuid::Uuid;

use super::memory::Memory;

static WORKFLOW: LazyLock<Arc<Workflow>> = LazyLock::new(|| {
    let json = include_bytes!("../../../shared/workflow/tests/data/two_webhooks.json");
    Arc::new(Workflow::import(json).expect("a workflow").workflow)
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

/// All that must hold for a body, or for a whole event as JSON.
///
/// # Panics
/// When something does not.
pub fn check(input: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<SqsEvent>(input) {
        each_record_can_be_answered(event);
    }
    if let Ok(body) = std::str::from_utf8(input) {
        says_what_it_was_read_as(body);
        costs_itself_only(body);
    }
}

fn each_record_can_be_answered(event: SqsEvent) {
    let ids: Vec<Option<String>> = event.records.iter().map(|r| r.message_id.clone()).collect();
    let unnamed = ids
        .iter()
        .position(|id| id.as_ref().is_none_or(String::is_empty));
    match batch::records(event) {
        Ok(records) => {
            assert_eq!(unnamed, None);
            assert!(
                records
                    .iter()
                    .map(|r| Some(&r.message_id))
                    .eq(ids.iter().map(Option::as_ref))
            );
        }
        Err(BatchError::NoMessageId(index)) => assert_eq!(Some(index), unnamed),
    }
}

fn says_what_it_was_read_as(body: &str) {
    let assignment = Assignment::parse(body);
    let delivery = Delivery::parse(body);
    if let Ok(assignment) = assignment {
        is_an_object(body);
        if let Some(trace) = assignment.trace {
            let call = trace.call(Uuid::nil()).to_string();
            assert_eq!(Trace::of_traceparent(&call), Some(trace), "{call}");
        }
        let again = Assignment::parse(&written(&assignment));
        assert_eq!(again.expect("what was written can be read"), assignment);
    }
    if let Ok(delivery) = delivery {
        is_an_object(body);
        let again = Delivery::parse(&written(&delivery));
        assert_eq!(again.expect("what was written can be read"), delivery);
    }
    if let Ok(letter) = serde_json::from_str::<DeadLetter>(body) {
        let again: DeadLetter = serde_json::from_str(&written(&letter)).expect("a dead letter");
        assert_eq!(again, letter);
    }
}

fn written(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("a message is JSON")
}

/// An array would be read by position, and mean something else with the next field.
fn is_an_object(body: &str) {
    assert!(
        body.trim_start().starts_with('{'),
        "{body} was taken for a message"
    );
}

/// Among good messages, a body that cannot be read goes back alone, and as a dead letter it is parked
/// as it came.
fn costs_itself_only(body: &str) {
    let (first, last) = (good(1), good(2));
    let readable = Assignment::parse(body).ok();
    let theirs = |key: &FileKey| [&first, &last].into_iter().any(|good| &good.key() == key);
    let delivery = Delivery::parse(body).ok().map(|delivery| delivery.key());
    let key = readable.as_ref().map(Assignment::key).or(delivery);
    if key.is_some_and(|key| theirs(&key)) {
        return;
    }
    let bodies = [written(&first), body.to_owned(), written(&last)];
    let ports = Memory::new(Arc::clone(&WORKFLOW));
    let answer = RUNTIME.block_on(dispatcher::handle(&ports, event(&bodies)));
    let failed = failed(&answer.expect("each record is named"));
    if readable.is_some() {
        assert!(failed.iter().all(|id| id == "m1"), "{failed:?} go back");
    } else {
        assert_eq!(failed, ["m1"], "what cannot be read goes back");
    }
    let sent = ports.sent();
    let opened = |item: u128| {
        let mut deliveries = sent.iter().filter_map(|body| Delivery::parse(body).ok());
        deliveries.any(|delivery| delivery.item_id == Uuid::from_u128(item))
    };
    assert!(opened(1) && opened(2), "the others go through");

    let ports = Memory::new(Arc::clone(&WORKFLOW));
    let answer = RUNTIME.block_on(dead_letter::handle(&ports, event(&bodies)));
    let failed = self::failed(&answer.expect("each record is named"));
    if matches!(Assignment::parse(body), Err(MessageError::Newer(_))) {
        assert_eq!(failed, ["m1"], "a later version's message waits for it");
        return;
    }
    assert!(failed.is_empty(), "{failed:?} stay dead letters for ever");
    let parked: Vec<String> = ports
        .sent()
        .iter()
        .filter_map(|body| serde_json::from_str::<DeadLetter>(body).ok())
        .map(|letter| letter.body)
        .collect();
    assert!(
        bodies.iter().all(|body| parked.contains(body)),
        "each is parked as it came"
    );
}

fn good(item: u128) -> Assignment {
    Assignment {
        assignment_id: Uuid::from_u128(item),
        team: "team".to_owned(),
        workflow_id: WORKFLOW.id,
        stage_id: WORKFLOW.first_webhook().expect("a Webhook stage").id,
        item_id: Uuid::from_u128(item),
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    }
}

fn event(bodies: &[String]) -> LambdaEvent<SqsEvent> {
    let mut event = SqsEvent::default();
    for (index, body) in bodies.iter().enumerate() {
        let mut message = SqsMessage::default();
        message.message_id = Some(format!("m{index}"));
        message.body = Some(body.clone());
        event.records.push(message);
    }
    LambdaEvent::new(event, Context::default())
}

fn failed(answer: &Answer) -> Vec<String> {
    let failed = answer.failed.iter();
    failed
        .map(|failed| failed.record.message_id.clone())
        .collect()
}
