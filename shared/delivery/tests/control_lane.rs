//! Which lane a stage's calls belong to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use std::time::Duration;

use delivery::Reason;
use delivery::control::{Health, Lane};
use stage::{Stage, config, seconds};

fn stage() -> Stage {
    Stage::new(config(&[10]))
}

fn calls(stage: &mut Stage, count: u128, took: Duration) {
    for number in 0..count {
        stage.call_took(number, Health::Alive, took);
    }
}

#[test]
fn long_calls_turn_a_stage_slow() {
    let mut stage = stage();
    calls(&mut stage, 4, seconds(4));
    assert_eq!(stage.control.lane, Lane::Fast);
    calls(&mut stage, 1, seconds(4));
    assert_eq!(stage.control.lane, Lane::Slow);
}

#[test]
fn five_timeouts_within_a_minute_turn_a_stage_slow() {
    let timeout = Health::Trouble(Reason::Timeout, None);
    let mut stage = stage();
    for number in 0..5 {
        assert_eq!(stage.control.lane, Lane::Fast, "after {number}");
        calls(&mut stage, 10, Duration::from_millis(100));
        stage.call_took(1, timeout, seconds(30));
        stage.pass(seconds(11));
    }
    assert_eq!(stage.control.lane, Lane::Slow);
}

#[test]
fn it_turns_fast_again_only_when_its_calls_are_short_for_a_while() {
    let mut stage = stage();
    calls(&mut stage, 5, seconds(4));
    calls(&mut stage, 30, Duration::from_millis(100));
    assert_eq!(stage.control.lane, Lane::Slow, "not at once");
    stage.pass(seconds(60));
    calls(&mut stage, 1, Duration::from_millis(100));
    assert_eq!(stage.control.lane, Lane::Fast);
}

/// Or a stage whose calls take about as long as the limit would go to and fro.
#[test]
fn between_the_limits_it_stays_where_it_is() {
    let between = seconds(2);
    let mut fast = stage();
    calls(&mut fast, 200, between);
    assert_eq!(fast.control.lane, Lane::Fast);
    let mut slow = stage();
    calls(&mut slow, 5, seconds(4));
    for _ in 0..10 {
        slow.pass(seconds(60));
        calls(&mut slow, 30, between);
    }
    assert_eq!(slow.control.lane, Lane::Slow);
}

#[test]
fn deliveries_that_only_wait_are_in_the_slow_lane() {
    let open = Stage::open(config(&[10]));
    assert_eq!(
        (open.control.lane, open.control.lane()),
        (Lane::Fast, Lane::Slow)
    );
}
