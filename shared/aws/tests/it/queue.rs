use std::sync::Mutex;
use std::time::Duration;

use aws::{Lanes, Queue};
use delivery::control::Lane;
use delivery::ports::{Outgoing, PortErrorKind, SendMessages};
use delivery::{Delivery, DocumentRef, MAX_BODY, Task};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Answer, Fake, Request};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/1/deliveries";

fn message(attempt: u32) -> Outgoing<Delivery> {
    Outgoing {
        message: Delivery {
            delivery_id: Uuid::from_u128(1),
            team: "t".to_owned(),
            item_id: Uuid::from_u128(2),
            workflow_id: Uuid::from_u128(3),
            stage_id: Uuid::from_u128(4),
            task: Task::Attempt(attempt),
            document: None,
            lane: Lane::Fast,
            snapshot: None,
        },
        delay: Duration::ZERO,
    }
}

fn with_document(json: String) -> Outgoing<Delivery> {
    let mut outgoing = message(1);
    outgoing.message.document = Some(DocumentRef::Inline(RawValue::from_string(json).unwrap()));
    outgoing
}

fn ids(request: &Request) -> Vec<String> {
    let body = request.json();
    let entries = body["Entries"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["Id"].as_str().unwrap().to_owned())
        .collect()
}

/// An answer in which `fails` says of each id with which code it failed, and whether for good.
fn partly(request: &Request, fails: impl Fn(&str) -> Option<(&'static str, bool)>) -> Answer {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for id in ids(request) {
        match fails(&id) {
            None => successful.push(json!({"Id": id, "MessageId": "m", "MD5OfMessageBody": "x"})),
            Some((code, sender)) => {
                failed.push(json!({"Id": id, "Code": code, "SenderFault": sender}));
            }
        }
    }
    Answer::json(&json!({"Successful": successful, "Failed": failed}))
}

fn kinds(results: Vec<Result<(), delivery::ports::PortError>>) -> Vec<Option<PortErrorKind>> {
    let kind = |result: Result<(), delivery::ports::PortError>| result.err().map(|e| e.kind);
    results.into_iter().map(kind).collect()
}

#[tokio::test(start_paused = true)]
async fn failed_entries_alone_are_sent_again() {
    let round = Mutex::new(0);
    let fake = Fake::new(move |request| {
        let mut round = round.lock().unwrap();
        *round += 1;
        let first = *round == 1;
        partly(request, |id| match id {
            "1" if first => Some(("InternalError", false)),
            "2" => Some(("InvalidMessageContents", true)),
            _ => None,
        })
    });
    let queue = Queue::new(&fake.config(), URL);
    let results = queue.send((1..=4).map(message).collect()).await;
    assert_eq!(
        kinds(results),
        [None, None, Some(PortErrorKind::Unavailable), None]
    );
    let asked: Vec<_> = fake.asked().iter().map(ids).collect();
    assert_eq!(asked, [vec!["0", "1", "2", "3"], vec!["1"]]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_fails_each_time_is_reported_and_costs_itself_only() {
    let fake = Fake::new(|request| {
        partly(request, |id| {
            (id == "5").then_some(("ThrottlingException", false))
        })
    });
    let queue = Queue::new(&fake.config(), URL);
    let mut results = kinds(queue.send((0..25).map(message).collect()).await);
    assert_eq!(results.remove(5), Some(PortErrorKind::Throttled));
    assert_eq!(results, [None; 24]);
    let sizes: Vec<_> = fake.asked().iter().map(|asked| ids(asked).len()).collect();
    assert_eq!(sizes, [10, 10, 5, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_entry_without_an_answer_was_not_sent() {
    let fake = Fake::new(|_| Answer::json(&json!({"Successful": [], "Failed": []})));
    let queue = Queue::new(&fake.config(), URL);
    let results = kinds(queue.send(vec![message(1)]).await);
    assert_eq!(results, [Some(PortErrorKind::Unavailable)]);
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_leaves_the_others_alone() {
    let fake = Fake::new(|request| {
        if ids(request).contains(&"0".to_owned()) {
            Answer::error("RequestThrottled")
        } else {
            partly(request, |_| None)
        }
    });
    let queue = Queue::new(&fake.config(), URL);
    let results = queue.send((0..12).map(message).collect()).await;
    let text = format!("{:?}", results[0]);
    assert!(!text.contains("planted-message"), "{text}");
    let results = kinds(results);
    assert_eq!(results[..10], [Some(PortErrorKind::Throttled); 10]);
    assert_eq!(results[10..], [None, None]);
}

#[tokio::test]
async fn entries_have_their_stage_as_group_and_their_delay_in_whole_seconds() {
    let fake = Fake::new(|request| partly(request, |_| None));
    let queue = Queue::new(&fake.config(), URL);
    let mut late = message(2);
    late.delay = Duration::from_millis(10_001);
    let results = queue.send(vec![message(1), late]).await;
    assert!(results.iter().all(Result::is_ok));
    let body = fake.asked()[0].json();
    assert_eq!(body["QueueUrl"], URL);
    for (entry, delay) in body["Entries"].as_array().unwrap().iter().zip([0, 11]) {
        assert_eq!(entry["DelaySeconds"], delay);
        assert_eq!(entry["MessageGroupId"], json!(Uuid::from_u128(4)));
    }
    let sent: Value =
        serde_json::from_str(body["Entries"][1]["MessageBody"].as_str().unwrap()).unwrap();
    assert_eq!(sent["attempt"], 2);
}

#[tokio::test]
async fn what_no_queue_takes_is_refused_alone_and_before_any_request_with_it() {
    let fake = Fake::new(|request| partly(request, |_| None));
    let queue = Queue::new(&fake.config(), URL);
    let mut late = message(1);
    late.delay = Duration::from_millis(900_001);
    let large = with_document(format!("\"{}\"", "x".repeat(MAX_BODY)));
    let odd = with_document("\"\u{ffff}\"".to_owned());
    let results = queue.send(vec![late, message(1), large, odd]).await;
    assert_eq!(
        kinds(results),
        [
            Some(PortErrorKind::TooLarge),
            None,
            Some(PortErrorKind::TooLarge),
            None,
        ]
    );
    assert_eq!(ids(&fake.asked()[0]), ["1", "3"]);
    let body = &fake.asked()[0].json()["Entries"][1]["MessageBody"];
    assert!(body.as_str().unwrap().contains(r#""\uffff""#), "{body}");
}

#[tokio::test(start_paused = true)]
async fn each_lane_has_its_queue_and_the_results_are_in_the_order_of_the_messages() {
    let slow_url = URL.replace("deliveries", "slow-deliveries");
    let refusing = slow_url.clone();
    let fake = Fake::new(move |request| {
        let slow = request.json()["QueueUrl"] == refusing.as_str();
        partly(request, |id| {
            (slow && id == "1").then_some(("Refused", true))
        })
    });
    let config = fake.config();
    let lanes = Lanes::new(Queue::new(&config, URL), Queue::new(&config, &slow_url));
    let mut messages: Vec<_> = (1..=23).map(message).collect();
    for outgoing in messages.iter_mut().step_by(2) {
        outgoing.message.lane = Lane::Slow;
    }
    let mut results = kinds(lanes.send(messages).await);
    // The second of the slow ones is the third of all.
    assert_eq!(results.remove(2), Some(PortErrorKind::Unavailable));
    assert_eq!(results, [None; 22]);
    let mut asked: Vec<_> = fake
        .asked()
        .iter()
        .map(|asked| {
            (
                asked.json()["QueueUrl"] == slow_url.as_str(),
                ids(asked).len(),
            )
        })
        .collect();
    asked.sort_unstable();
    assert_eq!(asked, [(false, 1), (false, 10), (true, 2), (true, 10)]);
    for request in fake.asked() {
        let slow = request.json()["QueueUrl"] == slow_url.as_str();
        for entry in request.json()["Entries"].as_array().unwrap() {
            let body = entry["MessageBody"].as_str().unwrap();
            assert_eq!(Delivery::parse(body).unwrap().lane == Lane::Slow, slow);
        }
    }
}
