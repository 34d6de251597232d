//! The rate of calls: reserved times, and who may call when.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use std::time::Duration;

use delivery::control::{Admission, HeldBy, Pace, StageControl, reserve};
use delivery::{DeliveryState, Timestamp};
use proptest::prelude::*;
use stage::{FAILED, NOW, Stage, config, due, seconds};
use workflow::{Rate, WebhookConfig};

fn limited(rate: &str) -> WebhookConfig {
    WebhookConfig {
        max_rate: Some(Rate::parse(rate).unwrap()),
        ..config(&[10, 900])
    }
}

fn pace(stage: &Stage) -> Pace {
    match stage.admit(&due(1)) {
        Admission::Reserve(pace) => pace,
        other => panic!("{other:?}"),
    }
}

/// The times of all calls that `batches` reserve from now on.
fn times(control: &mut StageControl, pace: Pace, batches: &[(u32, u64)]) -> Vec<Timestamp> {
    let (mut now, mut times) = (NOW, Vec::new());
    for (calls, later) in batches {
        now = now.plus(Duration::from_millis(*later));
        let (next, reservation) = reserve(control, pace, *calls, now);
        *control = next;
        times.extend((0..*calls).map(|number| reservation.time(number)));
    }
    times
}

fn most_within_ten_seconds(calls: &mut [Timestamp]) -> usize {
    calls.sort_unstable();
    let mut first = 0;
    let within = |last: usize| {
        while calls[first].until(calls[last]) >= seconds(10) {
            first += 1;
        }
        last + 1 - first
    };
    (0..calls.len()).map(within).max().unwrap_or(0)
}

proptest! {
    /// Whatever batches there are, and however early or late each call is within what is allowed: at most 5 % above the
    /// rate in any 10 s, as far as whole calls go.
    #[test]
    fn ten_seconds_see_at_most_five_percent_above_the_rate(
        per_second in prop_oneof![1_u32..60, Just(100), Just(333), Just(1_000)],
        batches in prop::collection::vec((1_u32..30, 0_u64..3_000), 1..40),
        is_full in any::<bool>(),
        off in prop::collection::vec(prop_oneof![Just(-40_i64), Just(1_250), -40_i64..=1_250], 200),
    ) {
        let mut stage = Stage::new(limited(&format!("{per_second}/s")));
        let pace = pace(&stage);
        // Or twelve seconds full of batches of ten.
        let full = vec![(10, 0); usize::try_from(per_second * 12 / 10 + 1).unwrap()];
        let batches = if is_full { full } else { batches };
        let times = times(&mut stage.control, pace, &batches);
        let mut calls: Vec<Timestamp> = times
            .into_iter()
            .zip(off.iter().cycle())
            .map(|(time, off)| Timestamp::from_millis(time.as_millis() + off))
            .collect();
        let most = usize::try_from((per_second * 105).div_ceil(10)).unwrap();
        let found = most_within_ten_seconds(&mut calls);
        prop_assert!(found <= most, "{found} calls, {most} allowed");
    }

    /// No time is given out twice, also when the receiver recovers from an outage in between.
    #[test]
    fn no_two_calls_have_the_same_time(
        batches in prop::collection::vec((1_u32..30, 0_u64..3_000), 1..20),
    ) {
        let mut stage = Stage::new(limited("2/s"));
        let pace = pace(&stage);
        let mut all = times(&mut stage.control, pace, &batches);
        for number in 0..10 {
            stage.call(number, FAILED);
        }
        stage.pass(stage.lasts());
        stage.probes(&due(1));
        stage.call(1, delivery::control::Health::Alive);
        let (_, reservation) = reserve(&stage.control, pace, 10, stage.now);
        all.retain(|time| *time > stage.now);
        all.extend((0..10).map(|number| reservation.time(number)));
        all.sort_unstable();
        let apart = all.windows(2).map(|two| two[0].until(two[1])).min();
        prop_assert!(apart >= Some(Duration::from_millis(500)), "{apart:?} apart");
    }
}

#[test]
fn a_full_queue_is_called_at_nine_tenths_of_the_rate_at_least() {
    for per_second in [1, 10, 100, 333, 1_000, 10_000] {
        let mut stage = Stage::new(limited(&format!("{per_second}/s")));
        let pace = pace(&stage);
        let times = times(&mut stage.control, pace, &vec![(10, 0); 100]);
        let took = NOW.until(*times.last().unwrap()).as_secs_f64();
        assert!(999.0 / took >= 0.9 * f64::from(per_second), "{took} s");
    }
}

fn with_time(time: Timestamp) -> DeliveryState {
    DeliveryState {
        next_at: time,
        is_reserved: true,
        ..due(1)
    }
}

#[test]
fn a_call_is_made_at_its_time_or_gets_another() {
    let mut stage = Stage::new(limited("1/s"));
    let open = with_time(NOW.plus(seconds(5)));
    let at = |stage: &mut Stage, millis: i64| {
        stage.now = Timestamp::from_millis(open.next_at.as_millis() + millis);
        stage.admit(&open)
    };
    for on_time in [-40, 0, 1_250] {
        assert_eq!(at(&mut stage, on_time), Admission::Admitted);
    }
    assert!(matches!(at(&mut stage, 1_251), Admission::Reserve(_)));
    match at(&mut stage, -41) {
        Admission::PutOff(put_off) => {
            let expected = (open.next_at, HeldBy::Rate, true);
            assert_eq!((put_off.until, put_off.by, put_off.is_reserved), expected);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_time_is_given_out_more_than_fifteen_minutes_ahead() {
    let mut stage = Stage::new(limited("1/min"));
    stage.control.next_free = Some(NOW.plus(seconds(901)));
    let put_off = stage.put_off(&due(1));
    assert_eq!((put_off.by, put_off.is_reserved), (HeldBy::Rate, false));
    let wait = NOW.until(put_off.until);
    assert!(wait >= seconds(450) && wait <= seconds(900), "{wait:?}");
}
