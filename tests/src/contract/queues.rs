use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use delivery::ports::{Outgoing, SendMessages};
use delivery::retry::MAX_MESSAGE_DELAY;
use delivery::{Delivery, DocumentRef, Task};
use serde_json::value::RawValue;
use uuid::Uuid;

/// A message in flight, as far as the contract looks at it.
pub struct InFlight<R> {
    pub body: String,
    pub receive_count: u32,
    pub receipt: R,
}

/// The receiving side of the deliveries queue: on AWS the event source mapping has it.
pub trait QueueUnderTest: SendMessages<Delivery> {
    type Receipt: Clone + Send;

    fn receive(&self) -> impl Future<Output = Vec<InFlight<Self::Receipt>>> + Send;
    fn delete(&self, receipt: Self::Receipt) -> impl Future<Output = ()> + Send;
    fn release(&self, receipt: Self::Receipt) -> impl Future<Output = ()> + Send;
}

fn delivery(attempt: u32, document: Option<&str>) -> Delivery {
    let inline = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    Delivery {
        delivery_id: Uuid::new_v4(),
        team: "contract".to_owned(),
        item_id: Uuid::new_v4(),
        workflow_id: Uuid::from_u128(1),
        stage_id: Uuid::from_u128(2),
        task: Task::Attempt(attempt),
        document: document.map(|text| DocumentRef::Inline(inline(text))),
        lane: delivery::control::Lane::Fast,
        snapshot: None,
    }
}

fn now(message: Delivery) -> Outgoing<Delivery> {
    Outgoing {
        message,
        delay: Duration::ZERO,
    }
}

/// At-least-once, with delay, receipts and receive counts. The queue must be empty before.
pub async fn queues<Q: QueueUnderTest>(queue: &Q) {
    let odd = delivery(1, Some("{ \"b\": 1.10, \"a\" :\t[ \"\u{e9}\\u00e9\" ] }"));
    let sent: Vec<_> = std::iter::once(odd)
        .chain((0..24).map(|_| delivery(2, None)))
        .collect();
    let results = queue.send(sent.iter().cloned().map(now).collect()).await;
    assert_eq!(results.len(), 25);
    assert!(results.iter().all(Result::is_ok));
    let mut bodies = BTreeSet::new();
    while bodies.len() < 25 {
        for message in receive_some(queue).await {
            assert_eq!(message.receive_count, 1);
            bodies.insert(message.body);
            queue.delete(message.receipt).await;
        }
    }
    let expected: BTreeSet<_> = sent
        .iter()
        .map(|message| serde_json::to_string(message).unwrap())
        .collect();
    assert_eq!(
        bodies, expected,
        "bodies arrive as they were sent, to the byte"
    );
    assert!(
        queue.receive().await.is_empty(),
        "what was deleted does not come again"
    );

    queue
        .send(vec![now(delivery(3, None))])
        .await
        .pop()
        .unwrap()
        .unwrap();
    let mut receipts = Vec::new();
    for count in 1..=2 {
        let mut got = receive_some(queue).await;
        let message = got.pop().unwrap();
        assert_eq!(message.receive_count, count);
        assert!(queue.receive().await.is_empty(), "in flight, it is hidden");
        receipts.push(message.receipt.clone());
        queue.release(message.receipt).await;
    }
    let message = receive_some(queue).await.pop().unwrap();
    queue.delete(message.receipt).await;

    let late = Outgoing {
        message: delivery(4, None),
        delay: Duration::from_secs(1),
    };
    let started = std::time::Instant::now();
    queue.send(vec![late]).await.pop().unwrap().unwrap();
    let message = receive_some(queue).await.pop().unwrap();
    assert!(
        started.elapsed() >= Duration::from_millis(950),
        "before its delay"
    );
    queue.delete(message.receipt).await;

    let too_late = Outgoing {
        message: delivery(5, None),
        delay: MAX_MESSAGE_DELAY + Duration::from_secs(1),
    };
    let results = queue.send(vec![now(delivery(6, None)), too_late]).await;
    assert!(
        results[0].is_ok() && results[1].is_err(),
        "a delay above 900 s is refused alone"
    );
    let message = receive_some(queue).await.pop().unwrap();
    queue.delete(message.receipt).await;
}

/// Receives until something comes; a queue may need a moment.
async fn receive_some<Q: QueueUnderTest>(queue: &Q) -> Vec<InFlight<Q::Receipt>> {
    for _ in 0..200 {
        let got = queue.receive().await;
        if !got.is_empty() {
            return got;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing came within 5 s");
}
