//! What a sender does when the receiver refuses the stage's secrets.

use delivery::Reason;
use delivery::control::RecentCalls;
use delivery::ports::Freshness;
use delivery::usecase::{Batch, Sent, send};

use crate::ports::Ports;

/// How fresh the secrets of one attempt had to be, in order.
async fn asked_when_ended(result: Result<u16, Reason>) -> (Vec<Freshness>, Sent) {
    let json = include_bytes!("../../../infra/local/examples/workflow.json");
    let (ports, messages) = Ports::new(json, result, 1).await;
    let recent = RecentCalls::default();
    let batch = Batch::new(ports.limits(), &recent, &messages);
    let sent = send(&ports, &batch, &messages[0]).await.unwrap();
    let asked = ports.asked.lock().unwrap().clone();
    (asked, sent)
}

/// 401 is what the header's absence gets from API Gateway, 403 what an authorizer's "no" becomes. An authorization server
/// may have been shown a client secret that is not its client's any more.
#[tokio::test]
async fn secrets_are_read_again_when_the_receiver_refuses_them() {
    for result in [Ok(401), Ok(403), Err(Reason::AuthorizationFailed)] {
        let expected = vec![Freshness::Cached, Freshness::Latest];
        let found = asked_when_ended(result).await;
        assert_eq!(found, (expected, Sent::Retrying), "{result:?}");
    }
}

#[tokio::test]
async fn secrets_are_left_alone_by_any_other_answer() {
    for (result, sent) in [
        (Ok(200), Sent::Succeeded),
        (Ok(404), Sent::Retrying),
        (Ok(500), Sent::Retrying),
        (Err(Reason::Timeout), Sent::Retrying),
    ] {
        let found = asked_when_ended(result).await;
        assert_eq!(found, (vec![Freshness::Cached], sent), "{result:?}");
    }
}
