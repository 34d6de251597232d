//! What a sender does when the receiver refuses the stage's secrets.

use delivery::control::RecentCalls;
use delivery::ports::Freshness;
use delivery::usecase::{Batch, Sent, send};

use crate::ports::Ports;

/// How fresh the secrets of one attempt had to be, in order.
async fn asked_when_answered(status: u16) -> (Vec<Freshness>, Sent) {
    let json = include_bytes!("../../../infra/local/examples/workflow.json");
    let (ports, messages) = Ports::new(json, status, 1).await;
    let recent = RecentCalls::default();
    let batch = Batch::new(ports.limits(), &recent, &messages);
    let sent = send(&ports, &batch, &messages[0]).await.unwrap();
    let asked = ports.asked.lock().unwrap().clone();
    (asked, sent)
}

/// 401 is what the header's absence gets from API Gateway, 403 what an authorizer's "no" becomes.
#[tokio::test]
async fn secrets_are_read_again_when_the_receiver_refuses_them() {
    for status in [401, 403] {
        let expected = vec![Freshness::Cached, Freshness::Latest];
        let found = asked_when_answered(status).await;
        assert_eq!(found, (expected, Sent::Retrying), "{status}");
    }
}

#[tokio::test]
async fn secrets_are_left_alone_by_any_other_answer() {
    for (status, sent) in [
        (200, Sent::Succeeded),
        (404, Sent::Retrying),
        (500, Sent::Retrying),
    ] {
        let found = asked_when_answered(status).await;
        assert_eq!(found, (vec![Freshness::Cached], sent), "{status}");
    }
}
