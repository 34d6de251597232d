//! Records that go back through no fault of their message.

use std::time::Duration;

use aws::SourceQueue;
use batch::{Answer, Failed, Record};
use serde_json::json;

use crate::fake::{Answer as Reply, Fake, Request};

const URL: &str = "https://sqs.eu-central-1.amazonaws.com/1/deliveries";

fn failed(id: &str, receive_count: u32, retry_after: Option<u64>) -> Failed {
    Failed {
        record: Record {
            message_id: id.to_owned(),
            body: format!(r#"{{"delivery_id": "{id}"}}"#),
            receive_count,
            source_arn: String::new(),
            receipt_handle: format!("receipt-{id}"),
            group: Some("stage".to_owned()),
        },
        retry_after: retry_after.map(Duration::from_secs),
    }
}

async fn settle(fake: &Fake, failed: Vec<Failed>) -> Vec<String> {
    let queue = SourceQueue::new(&fake.config(), URL);
    let answer = queue.settle(Answer { failed }).await;
    let left = answer.batch_item_failures.into_iter();
    left.map(|failure| failure.item_identifier).collect()
}

fn sends_all(request: &Request) -> Reply {
    let entries = request.json()["Entries"].as_array().unwrap().clone();
    let sent = entries
        .iter()
        .map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": "x"}));
    Reply::json(&json!({"Successful": sent.collect::<Vec<_>>(), "Failed": []}))
}

#[tokio::test]
async fn the_first_receives_come_back_sooner_together() {
    let fake = Fake::new(|_| Reply::json(&json!({"Successful": [], "Failed": []})));
    let all: Vec<_> = (0..12)
        .map(|n| failed(&n.to_string(), 1, Some(5)))
        .collect();
    assert_eq!(settle(&fake, all).await.len(), 12, "they stay on the queue");
    let asked = fake.asked();
    let sizes: Vec<_> = asked
        .iter()
        .map(|request| {
            assert_eq!(request.operation(), "ChangeMessageVisibilityBatch");
            request.json()["Entries"].as_array().unwrap().len()
        })
        .collect();
    assert_eq!(sizes, [10, 2]);
    let first = &asked[0].json()["Entries"][0];
    assert_eq!(first["ReceiptHandle"], "receipt-0");
    let timeout = first["VisibilityTimeout"].as_u64().unwrap();
    assert!((5..=7).contains(&timeout), "{timeout}");
}

#[tokio::test]
async fn later_ones_are_sent_anew_and_acknowledged() {
    let fake = Fake::new(sends_all);
    let left = settle(
        &fake,
        vec![failed("a", 3, Some(5)), failed("b", 4, Some(300))],
    )
    .await;
    assert!(left.is_empty(), "{left:?}");
    let entries = fake.asked()[0].json()["Entries"].clone();
    assert_eq!(entries[0]["MessageBody"], r#"{"delivery_id": "a"}"#);
    assert_eq!(entries[0]["MessageGroupId"], "stage");
    let delay = |entry: &serde_json::Value| entry["DelaySeconds"].as_u64().unwrap();
    assert!((60..=75).contains(&delay(&entries[0])));
    assert!((300..=375).contains(&delay(&entries[1])));
}

#[tokio::test]
async fn what_cannot_be_sent_anew_stays() {
    let fake = Fake::new(|request| match request.operation() {
        "SendMessageBatch" => Reply::error("AccessDenied"),
        _ => Reply::json(&json!({"Successful": [], "Failed": []})),
    });
    assert_eq!(settle(&fake, vec![failed("a", 4, Some(5))]).await, ["a"]);
    assert_eq!(fake.asked()[1].operation(), "ChangeMessageVisibilityBatch");
}

#[tokio::test]
async fn a_message_at_fault_is_left_to_the_queue() {
    let fake = Fake::new(|_| Reply::json(&json!({})));
    assert_eq!(settle(&fake, vec![failed("a", 4, None)]).await, ["a"]);
    assert!(fake.asked().is_empty());
    assert!(settle(&fake, Vec::new()).await.is_empty());
    assert!(
        fake.asked().is_empty(),
        "a batch without trouble costs nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_out_of_reach_does_not_use_up_the_invocation() {
    let fake = Fake::new(|_| Reply::json(&json!({})).after(Duration::from_secs(3600)));
    assert_eq!(settle(&fake, vec![failed("a", 1, Some(5))]).await, ["a"]);
}

/// The sender reads two queues; one event has records of one.
#[tokio::test]
async fn records_go_back_to_the_queue_that_they_came_from() {
    let slow_url = URL.replace("deliveries", "slow-deliveries");
    for (name, url) in [("deliveries", URL), ("slow-deliveries", &slow_url)] {
        let fake = Fake::new(|request| match request.operation() {
            "SendMessageBatch" => sends_all(request),
            _ => Reply::json(&json!({"Successful": [], "Failed": []})),
        });
        let config = fake.config();
        let sources = SourceQueue::new(&config, URL).and(&slow_url);
        let mut all = vec![failed("a", 1, Some(5)), failed("b", 3, Some(5))];
        for failed in &mut all {
            failed.record.source_arn = format!("arn:aws:sqs:eu-central-1:1:{name}");
        }
        sources.settle(Answer { failed: all }).await;
        let asked = fake.asked();
        assert_eq!(asked.len(), 2);
        for request in asked {
            assert_eq!(request.json()["QueueUrl"], url, "{name}");
        }
    }
}
