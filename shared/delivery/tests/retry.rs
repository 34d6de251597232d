//! The retry plan, by example and by property.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use delivery::Timestamp;
use delivery::retry::{DEFAULT_DELAYS, JITTER, MAX_MESSAGE_DELAY, Policy, RetryAfter};
use proptest::prelude::*;
use uuid::Uuid;
use workflow::{MAX_DELAY, MAX_PATIENCE, MAX_RETRY_TIME, STANDARD_WEBHOOKS, WebhookConfig};

fn config() -> WebhookConfig {
    WebhookConfig::new("https://receiver.example/hook")
}

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn within_jitter(delay: Duration, scheduled: Duration) -> bool {
    let (low, high) = (
        scheduled.mul_f64(1.0 - JITTER),
        scheduled.mul_f64(1.0 + JITTER),
    );
    let most = longest(scheduled);
    delay >= low && delay <= high.min(most)
}

/// What jitter does not exceed.
fn longest(scheduled: Duration) -> Duration {
    if scheduled <= MAX_MESSAGE_DELAY {
        MAX_MESSAGE_DELAY
    } else {
        MAX_DELAY
    }
}

fn of(delays: &[Duration]) -> Policy {
    Policy::of(&WebhookConfig {
        retry_delays: Some(delays.to_vec()),
        ..config()
    })
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
    for wrong in [
        "", "-1", "+3", "soon", "1e3", "１２", "1.-5", "inf", "NaN", "5 s",
    ] {
        assert_eq!(RetryAfter::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn fractions_of_a_second_are_rounded_up() {
    for (value, seconds) in [
        ("1.5", 2),
        ("2.0", 2),
        ("0.001", 1),
        ("0.0", 0),
        ("7.", 7),
        (".5", 1),
        ("1.00000000000000000000000001", 2),
        ("99999999999999999999.5", u64::MAX),
    ] {
        assert_eq!(
            RetryAfter::parse(value),
            Some(RetryAfter::Seconds(seconds)),
            "{value}"
        );
    }
    for wrong in [".", "1.5.2", "1,5", "1.5s", "1. 5", "1.５"] {
        assert_eq!(RetryAfter::parse(wrong), None, "{wrong}");
    }
}

/// Its clock may be an hour off, so that the date alone means nothing here.
#[test]
fn a_date_is_judged_by_the_receivers_own_clock() {
    let at = |value: &str, date: &str| RetryAfter::parse(value).unwrap().by_clock_of_receiver(date);
    let (later, now) = (
        "Fri, 31 Dec 1999 23:59:59 GMT",
        "Fri, 31 Dec 1999 23:59:29 GMT",
    );
    assert_eq!(at(later, now), RetryAfter::Seconds(30));
    assert_eq!(
        at(later, " Friday, 31-Dec-99 23:59:29 GMT "),
        RetryAfter::Seconds(30)
    );
    assert_eq!(at(now, later), RetryAfter::Seconds(0));
    assert_eq!(at("120", now), RetryAfter::Seconds(120));
    for unreadable in ["", "now", "-1", "1999-12-31T23:59:29Z"] {
        assert_eq!(Some(at(later, unreadable)), RetryAfter::parse(later));
    }
}

#[test]
fn only_a_first_attempt_that_has_retries_may_use_a_kept_connection() {
    let of = |max_retries| {
        Policy::of(&WebhookConfig {
            max_retries: Some(max_retries),
            ..config()
        })
    };
    let several = of(2);
    let fresh = [1, 2, 3].map(|attempt| several.needs_fresh_connection(attempt));
    assert_eq!(fresh, [false, true, true]);
    assert!(of(0).needs_fresh_connection(1));
    let unretried = Policy::of(&WebhookConfig {
        retry_if_fails: false,
        ..config()
    });
    assert!(unretried.needs_fresh_connection(1));
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

/// standard-webhooks/standard-webhooks, spec/standard-webhooks.md: immediately, 5 seconds, 5 minutes, 30 minutes, 2 hours,
/// 5 hours, 10 hours, 14 hours, 20 hours, 24 hours.
#[test]
fn the_schedule_of_standard_webhooks_is_the_published_one() {
    let (minute, hour) = (60, 3600);
    let published = [
        5,
        5 * minute,
        30 * minute,
        2 * hour,
        5 * hour,
        10 * hour,
        14 * hour,
        20 * hour,
        24 * hour,
    ];
    assert_eq!(STANDARD_WEBHOOKS.map(|delay| delay.as_secs()), published);
    let policy = of(&STANDARD_WEBHOOKS);
    for (attempt, scheduled) in (1..).zip(STANDARD_WEBHOOKS) {
        for id in 0..100 {
            let delay = policy.delay_after(attempt, Uuid::from_u128(id), None, NOW);
            assert!(within_jitter(delay.unwrap(), scheduled), "{delay:?}");
        }
    }
    assert_eq!(policy.delay_after(10, Uuid::nil(), None, NOW), None);
}

/// A breaker that holds a file back for three days would be no protection, but a second schedule.
#[test]
fn patience_is_the_sum_of_the_delays_and_at_most_a_day() {
    assert_eq!(Policy::of(&config()).patience().as_secs(), 1_360);
    assert_eq!(of(&STANDARD_WEBHOOKS).patience(), MAX_PATIENCE);
    let own = Policy::of(&WebhookConfig {
        retry_delays: Some(STANDARD_WEBHOOKS.to_vec()),
        breaker_patience: Some(Duration::from_secs(60)),
        ..config()
    });
    assert_eq!(own.patience(), Duration::from_secs(60));
}

#[test]
fn retry_after_lengthens_a_delay_to_a_quarter_of_an_hour_or_the_longest_delay() {
    let asks = |policy: &Policy, attempt, seconds| {
        let hint = Some(RetryAfter::Seconds(seconds));
        policy.delay_after(attempt, Uuid::nil(), hint, NOW).unwrap()
    };
    let hour = Duration::from_secs(3600);
    let short = of(&[Duration::from_secs(1)]);
    assert_eq!(asks(&short, 1, 7_200), MAX_MESSAGE_DELAY);
    let long = of(&[Duration::from_secs(1), 5 * hour]);
    assert_eq!(asks(&long, 1, 7_200), 2 * hour);
    assert_eq!(asks(&long, 1, 1_000_000), 5 * hour);
    let planned = long.delay_after(2, Uuid::nil(), None, NOW).unwrap();
    assert_eq!(asks(&long, 2, 60), planned, "a hint never shortens");
}

proptest! {
    #[test]
    fn never_early_never_late(
        attempt in 1_u32..8,
        id: u128,
        scheduled in prop::collection::vec(prop_oneof![0_u64..900_000, 900_000_u64..=86_400_000], 0..10),
        seconds: Option<u64>,
    ) {
        let delays: Vec<_> = scheduled.iter().copied().map(Duration::from_millis).collect();
        let policy = Policy::of(&WebhookConfig { retry_delays: Some(delays.clone()), ..config() });
        let hint = seconds.map(RetryAfter::Seconds);
        let planned = policy.delay_after(attempt, Uuid::from_u128(id), hint, NOW);
        let index = usize::try_from(attempt).unwrap() - 1;
        prop_assert_eq!(planned.is_some(), index < delays.len());
        if let Some(planned) = planned {
            let most = delays.iter().copied().max().unwrap().max(MAX_MESSAGE_DELAY);
            let asked = Duration::from_secs(seconds.unwrap_or(0)).min(most);
            prop_assert!(planned >= asked, "before the receiver's Retry-After");
            prop_assert!(planned <= asked.max(delays[index].mul_f64(1.0 + JITTER)));
            prop_assert!(planned <= MAX_DELAY);
            prop_assert!(planned >= delays[index].mul_f64(1.0 - JITTER));
            if asked.is_zero() {
                prop_assert!(within_jitter(planned, delays[index]));
            }
        }
    }

    /// What a stage may ask for, with the longest jitter.
    #[test]
    fn all_retries_take_eight_and_a_half_days_at_most(
        id: u128,
        scheduled in prop::collection::vec(0_u64..=86_400, 0..=20),
    ) {
        let delays: Vec<_> = scheduled.iter().copied().map(Duration::from_secs).collect();
        prop_assume!(delays.iter().sum::<Duration>() <= MAX_RETRY_TIME);
        let policy = of(&delays);
        let planned = (1..=policy.max_retries()).map(|attempt| policy.delay_after(attempt, Uuid::from_u128(id), None, NOW).unwrap());
        prop_assert!(planned.sum::<Duration>() <= MAX_RETRY_TIME.mul_f64(1.0 + JITTER));
    }

    #[test]
    fn any_header_value_is_read_without_panic(value in ".{0,64}", date in ".{0,64}") {
        if let Some(hint) = RetryAfter::parse(&value) {
            let _ = hint.by_clock_of_receiver(&date).from(NOW);
        }
    }

    #[test]
    fn a_fraction_waits_at_least_as_long_as_it_says(whole in 0_u32.., fraction in "[0-9]{0,18}") {
        let value = format!("{whole}.{fraction}");
        let asked: f64 = format!("0.{fraction}0").parse().unwrap();
        let waits = RetryAfter::parse(&value).unwrap().from(NOW);
        let more = waits - Duration::from_secs(u64::from(whole));
        prop_assert!(more.as_secs_f64() >= asked && more.as_secs_f64() <= asked + 1.0);
    }

    /// Wherever the receiver's clock stands, the wait is the one it means.
    #[test]
    fn the_wait_does_not_depend_on_the_receivers_clock(now in 0_u32.., wait in 0_u32..100_000) {
        let date = |seconds: u64| Timestamp::from_millis(i64::try_from(seconds * 1000).unwrap()).to_string();
        let hint = RetryAfter::parse(&date(u64::from(now) + u64::from(wait))).unwrap();
        let hint = hint.by_clock_of_receiver(&date(u64::from(now)));
        prop_assert_eq!(hint, RetryAfter::Seconds(u64::from(wait)));
    }
}
