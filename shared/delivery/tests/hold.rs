//! For how long an open circuit breaker holds a delivery back.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use delivery::control::{Admission, HeldBy, Outage, Phase, StageControl, admit};
use delivery::{DeliveryState, Reason, Timestamp};
use serde_json::json;
use uuid::Uuid;
use workflow::{Actor, Role, WebhookConfig};

const BEGAN: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn delivery(number: u128) -> DeliveryState {
    let delivery = json!({
        "delivery_id": Uuid::from_u128(number), "stage_id": Uuid::nil(), "sequence": 1,
        "assigned_by": Actor::User { id: None, role: Role::Admin }, "opened_at": BEGAN, "attempt": 1, "next_at": BEGAN,
        "inline": false,
    });
    serde_json::from_value(delivery).unwrap()
}

/// For how long a hundred deliveries are put off that come due at this age of the outage, in a phase that still lasts
/// 20 s.
fn waits(config: &WebhookConfig, phase: Phase, age: u64) -> Vec<Duration> {
    let now = BEGAN.plus(seconds(age));
    let control = StageControl {
        version: 1,
        outage: Some(Outage {
            since: BEGAN,
            trips: 3,
            reason: Reason::Timeout,
            until: now.plus(seconds(20)),
            phase,
            asked: Duration::ZERO,
        }),
        updated_at: now,
        ..StageControl::default()
    };
    let wait = |number| match admit(&control, config, &delivery(number), None, seconds(45), now) {
        Admission::PutOff(put_off) => {
            assert_eq!(put_off.by, HeldBy::Breaker);
            now.until(put_off.until)
        }
        other => panic!("{other:?}"),
    };
    (1..=100).map(wait).collect()
}

fn lie_within(waits: &[Duration], least: Duration, most: Duration) {
    let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(least <= *first && *last <= most, "{first:?} to {last:?}");
    assert!(
        *last - *first > (most - least) / 2,
        "not spread: {first:?} to {last:?}"
    );
}

#[test]
fn nothing_is_looked_at_before_the_phase_ends_and_rarely_in_a_long_outage() {
    let config = WebhookConfig::new("https://receiver.example");
    let open = |age| waits(&config, Phase::Open, age);
    lie_within(&open(10), seconds(20), seconds(24));
    lie_within(&open(100), seconds(50), seconds(100));
    lie_within(&open(5_000), seconds(100), seconds(200));
}

#[test]
fn the_end_of_the_probes_lease_is_not_waited_for() {
    let config = WebhookConfig::new("https://receiver.example");
    let probe = Uuid::nil();
    lie_within(
        &waits(&config, Phase::HalfOpen { probe }, 10),
        seconds(5),
        seconds(10),
    );
}

#[test]
fn whoever_sets_short_delays_gets_short_waits() {
    let config = WebhookConfig {
        retry_delays: Some(vec![seconds(30); 10]),
        ..WebhookConfig::new("https://receiver.example")
    };
    lie_within(
        &waits(&config, Phase::Open, 5_000),
        seconds(20),
        seconds(30),
    );
}
