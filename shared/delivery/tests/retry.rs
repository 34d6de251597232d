//! The retry plan, by example and by property.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use delivery::Timestamp;
use delivery::ports::MAX_DELAY;
use delivery::retry::{DEFAULT_DELAYS, JITTER, Policy, RetryAfter};
use proptest::prelude::*;
use uuid::Uuid;
use workflow::WebhookConfig;

fn config() -> WebhookConfig {
    WebhookConfig {
        url: "https://receiver.example/hook".to_owned(),
        retry_if_fails: true,
        include_annotations: true,
        max_retries: None,
        retry_delays: None,
        timeout: None,
        secret_ref: None,
        presigned_url_expiry: None,
    }
}

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn within_jitter(delay: Duration, scheduled: Duration) -> bool {
    let (low, high) = (
        scheduled.mul_f64(1.0 - JITTER),
        scheduled.mul_f64(1.0 + JITTER),
    );
    delay >= low.min(MAX_DELAY) && delay <= high.min(MAX_DELAY)
}

#[test]
fn five_retries_by_default_on_the_documented_schedule() {
    let policy = Policy::of(&config());
    assert_eq!(policy.max_retries(), 5);
    let id = Uuid::from_u128(7);
    for (attempt, scheduled) in (1..).zip(DEFAULT_DELAYS) {
        let delay = policy
            .delay_after(attempt, id, None, NOW)
            .expect("a retry is due");
        assert!(
            within_jitter(delay, scheduled),
            "attempt {attempt}: {delay:?}"
        );
    }
    assert_eq!(policy.delay_after(6, id, None, NOW), None);
    assert_eq!(policy.delay_after(0, id, None, NOW), None);
}

#[test]
fn one_call_when_the_stage_does_not_retry() {
    let policy = Policy::of(&WebhookConfig {
        retry_if_fails: false,
        ..config()
    });
    assert_eq!(policy.delay_after(1, Uuid::nil(), None, NOW), None);
}

#[test]
fn count_and_schedule_are_the_stages() {
    let delays = vec![Duration::from_secs(1), Duration::from_secs(2)];
    let own = WebhookConfig {
        retry_delays: Some(delays),
        ..config()
    };
    assert_eq!(Policy::of(&own).max_retries(), 2);
    let longer = Policy::of(&WebhookConfig {
        max_retries: Some(4),
        ..own.clone()
    });
    assert_eq!(longer.max_retries(), 4);
    let last = longer
        .delay_after(4, Uuid::nil(), None, NOW)
        .expect("a fourth retry");
    assert!(within_jitter(last, Duration::from_secs(2)), "{last:?}");
    let none = Policy::of(&WebhookConfig {
        max_retries: Some(0),
        ..own
    });
    assert_eq!(none.max_retries(), 0);
}

#[test]
fn retry_after_is_read_in_both_forms_and_nothing_else() {
    assert_eq!(RetryAfter::parse(" 120 "), Some(RetryAfter::Seconds(120)));
    assert_eq!(
        RetryAfter::parse("99999999999999999999"),
        Some(RetryAfter::Seconds(u64::MAX))
    );
    assert_eq!(
        RetryAfter::parse("Fri, 31 Dec 1999 23:59:59 GMT"),
        Some(RetryAfter::Date(Timestamp::from_millis(946_684_799_000)))
    );
    for wrong in ["", "-1", "1.5", "+3", "soon", "1e3", "１２"] {
        assert_eq!(RetryAfter::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_date_in_the_past_changes_nothing() {
    let policy = Policy::of(&config());
    let past = Some(RetryAfter::Date(Timestamp::from_millis(0)));
    let id = Uuid::from_u128(9);
    assert_eq!(
        policy.delay_after(1, id, past, NOW),
        policy.delay_after(1, id, None, NOW)
    );
}

#[test]
fn jitter_spreads_files_that_failed_together() {
    let policy = Policy::of(&config());
    let mut low = 0;
    for n in 0..1000_u128 {
        let delay = policy
            .delay_after(1, Uuid::from_u128(n), None, NOW)
            .expect("a retry");
        low += u32::from(delay < DEFAULT_DELAYS[0]);
    }
    assert!((350..650).contains(&low), "{low} of 1000 below the middle");
}

proptest! {
    #[test]
    fn never_early_never_late(
        attempt in 1_u32..8,
        id: u128,
        scheduled in prop::collection::vec(0_u64..900_000, 0..10),
        seconds: Option<u64>,
    ) {
        let delays: Vec<_> = scheduled.iter().copied().map(Duration::from_millis).collect();
        let policy = Policy::of(&WebhookConfig { retry_delays: Some(delays.clone()), ..config() });
        let hint = seconds.map(RetryAfter::Seconds);
        let planned = policy.delay_after(attempt, Uuid::from_u128(id), hint, NOW);
        let index = usize::try_from(attempt).unwrap() - 1;
        prop_assert_eq!(planned.is_some(), index < delays.len());
        if let Some(planned) = planned {
            let asked = Duration::from_secs(seconds.unwrap_or(0)).min(MAX_DELAY);
            prop_assert!(planned >= asked, "before the receiver's Retry-After");
            prop_assert!(planned <= MAX_DELAY);
            prop_assert!(planned >= delays[index].mul_f64(1.0 - JITTER).min(MAX_DELAY));
            if asked.is_zero() {
                prop_assert!(within_jitter(planned, delays[index]));
            }
        }
    }

    #[test]
    fn any_header_value_is_read_without_panic(value in ".{0,64}") {
        if let Some(hint) = RetryAfter::parse(&value) {
            let _ = hint.from(NOW);
        }
    }
}
