//! What a receiver says about further calls, by a header that its stage has to allow.

use delivery::ports::Call;
use delivery::{Reason, ReceiverSays};
use workflow::WebhookConfig;

use super::support::{Receiver, answer, call, caller};

async fn told(head: &str, receiver_control: bool) -> (Result<u16, Reason>, Option<ReceiverSays>) {
    let receiver = Receiver::answering(format!("{head}content-length: 0\r\n\r\n")).await;
    let call = Call {
        config: WebhookConfig {
            receiver_control,
            ..WebhookConfig::new(receiver.url())
        },
        ..call("")
    };
    let answer = answer(&caller(), call).await;
    (answer.result, answer.receiver_says)
}

#[tokio::test]
async fn a_receiver_may_stop_a_delivery_or_pause_its_stage() {
    use ReceiverSays::{Abort, Disable};
    for (header, says) in [
        ("webhook-delivery: abort-message", Some(Abort)),
        ("Webhook-Delivery:   ABORT-Message  ", Some(Abort)),
        ("webhook-delivery: disable", Some(Disable)),
        ("WEBHOOK-DELIVERY:\tDisable\t", Some(Disable)),
        ("webhook-delivery: abort", None),
        ("webhook-delivery: disable, abort-message", None),
        ("webhook-delivery: \"disable\"", None),
        ("webhook-delivery:", None),
        ("webhook-delivery: d\u{e9}sable", None),
        ("webhook-deliveries: disable", None),
        ("x-other: disable", None),
    ] {
        for status in [200, 400, 410, 500, 503] {
            let head = format!("HTTP/1.1 {status} X\r\n{header}\r\n");
            assert_eq!(told(&head, true).await, (Ok(status), says), "{head:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_told_without_the_setting() {
    for word in ["abort-message", "disable"] {
        let head = format!("HTTP/1.1 500 X\r\nwebhook-delivery: {word}\r\n");
        assert_eq!(told(&head, false).await, (Ok(500), None));
    }
}
