//! Two senders reserve times for their calls in the same millisecond.

use delivery::control::RecentCalls;
use delivery::usecase::{Batch, Sent, send};
use serde_json::json;
use uuid::Uuid;

use crate::ports::Ports;

/// Each must get a time of its own. If both wrote the same record, each would take the other's write for its own, and
/// both would call.
#[tokio::test]
async fn each_gets_a_time_of_its_own() {
    let stage = Uuid::from_u128(7);
    let json = json!({"id": Uuid::from_u128(8), "name": "Limited", "stages": [
        {"id": Uuid::from_u128(9), "name": "Dataset", "type": "dataset", "config": {"initial": true},
            "edges": [{"name": "default", "target_stage_id": stage}]},
        {"id": stage, "name": "Hook", "type": "webhook", "edges": [],
            "config": {"url": "https://receiver.example/", "max_rate": "1/s"}},
    ]});
    let (ports, messages) = Ports::new(json.to_string().as_bytes(), Ok(200), 2).await;
    let recent = RecentCalls::default();
    let (ports, recent) = (&ports, &recent);
    let sent = messages.iter().map(|message| async move {
        let batch = Batch::new(ports.limits(), recent, [message]);
        send(ports, &batch, message).await.unwrap()
    });
    let mut sent = futures_util::future::join_all(sent).await;
    sent.sort_by_key(|sent| *sent == Sent::PutOff);
    assert_eq!(sent, [Sent::Succeeded, Sent::PutOff]);
    assert_eq!(ports.calls.lock().unwrap().len(), 1);
}
