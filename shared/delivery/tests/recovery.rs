//! What a delivery meets whose patience has come to its end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use delivery::control::{Admission, Outage, Phase, StageControl, admit};
use delivery::machine::Effect;
use delivery::{DeliveryState, Reason};
use support::{NOW, chain, command, dispatched};
use workflow::WebhookConfig;

/// A delivery that has been held back for as long as its stage allows.
fn impatient(held: Duration) -> DeliveryState {
    let effects = dispatched(&chain(&["A"]), &command("A"), None);
    let opened = effects.into_iter().find_map(|effect| match effect {
        Effect::Write(next, _) => next.delivery,
        _ => None,
    });
    DeliveryState {
        held_ms: u64::try_from(held.as_millis()).unwrap(),
        ..opened.unwrap()
    }
}

fn admitted(phase: Phase, max_rate: Option<&str>) -> Admission {
    let config = WebhookConfig {
        retry_delays: Some(vec![Duration::from_millis(20); 5]),
        max_rate: max_rate.and_then(workflow::Rate::parse),
        ..WebhookConfig::new("https://receiver.example/")
    };
    let until = NOW.plus(Duration::from_secs(1));
    let control = StageControl {
        version: 7,
        outage: Some(Outage {
            since: NOW,
            trips: 1,
            reason: Reason::Timeout,
            until,
            phase,
            asked: Duration::ZERO,
        }),
        // All times of the recovery are taken.
        next_free: Some(until.plus(Duration::from_millis(1))),
        updated_at: NOW,
        ..StageControl::default()
    };
    let open = impatient(Duration::from_millis(100));
    admit(&control, &config, &open, None, Duration::from_secs(45), NOW)
}

#[test]
fn a_delivery_does_not_fail_unheard_while_the_receiver_answers_again() {
    let probe = uuid::Uuid::nil();
    for phase in [Phase::Open, Phase::HalfOpen { probe }] {
        assert_eq!(admitted(phase, None), Admission::Exhausted, "{phase:?}");
    }
    assert_eq!(admitted(Phase::Recovering, None), Admission::Admitted);
    let with_a_rate = admitted(Phase::Recovering, Some("10/s"));
    assert!(
        matches!(with_a_rate, Admission::Reserve(_)),
        "{with_a_rate:?}"
    );
}
