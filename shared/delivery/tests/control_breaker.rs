//! The circuit breaker's state machine.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;

use std::time::Duration;

use delivery::control::{Admission, Health, HeldBy, Phase};
use delivery::retry::RetryAfter;
use delivery::{Answer, Reason, ReceiverSays};
use stage::{FAILED, LEASE, NOW, Stage, config, due, seconds};
use uuid::Uuid;
use workflow::WebhookConfig;

fn default() -> WebhookConfig {
    config(&[10, 30, 120, 300, 900])
}

#[test]
fn it_trips_after_failures_in_a_row_for_the_first_delay() {
    let mut stage = Stage::new(default());
    for number in 0..9 {
        stage.call(number, FAILED);
    }
    stage.call(9, Health::Alive);
    for number in 0..9 {
        stage.call(number, FAILED);
        assert_eq!(stage.control.version, 0);
    }
    stage.call(9, FAILED);
    assert_eq!(stage.phase(), Some(Phase::Open));
    assert_eq!(stage.lasts(), seconds(10));
}

#[test]
fn it_trips_when_half_of_twenty_calls_fail_within_the_window() {
    let fails = |apart: Duration| {
        let mut stage = Stage::new(default());
        for number in 0..40 {
            let health = if number % 2 == 0 {
                FAILED
            } else {
                Health::Alive
            };
            stage.call(number, health);
            if stage.phase().is_some() {
                return Some(number + 1);
            }
            stage.pass(apart);
        }
        None
    };
    // The 20th call is a good one, by which it is not judged.
    assert_eq!(fails(seconds(1)), Some(21));
    assert_eq!(fails(seconds(2)), None);
}

#[test]
fn what_says_that_the_file_is_wrong_never_trips_it() {
    let answered = |result| {
        Health::of(&Answer {
            result,
            ..Answer::no_call(Reason::Timeout)
        })
    };
    for status in [200, 302, 400, 404, 410] {
        assert_eq!(answered(Ok(status)), Health::Alive);
    }
    for status in [429, 500, 503] {
        assert!(matches!(answered(Ok(status)), Health::Trouble(..)));
    }
    for reason in [Reason::Timeout, Reason::Connect, Reason::Tls, Reason::Dns] {
        assert!(matches!(answered(Err(reason)), Health::Trouble(..)));
    }
    let mut stage = Stage::new(default());
    for reason in [
        Reason::SecretMissing,
        Reason::DocumentInvalid,
        Reason::CircuitOpen,
    ] {
        assert_eq!(answered(Err(reason)), Health::Unknown);
        for number in 0..20 {
            stage.call(number, Health::Unknown);
        }
    }
    assert_eq!(stage.control.version, 0);
}

#[test]
fn a_receiver_that_says_when_to_come_back_opens_it_at_once() {
    for (asked, opens) in [(60, 60), (1, 10), (86_400, 900)] {
        let mut stage = Stage::new(default());
        let hint = RetryAfter::Seconds(asked);
        stage.call(1, Health::Trouble(Reason::HttpStatus, Some(hint)));
        assert_eq!(
            (stage.phase(), stage.lasts()),
            (Some(Phase::Open), seconds(opens))
        );
    }
}

#[test]
fn while_it_is_open_deliveries_wait_for_its_end_apart_from_each_other() {
    let stage = Stage::open(default());
    let ends = stage.now.plus(stage.lasts());
    let waits = (0..100).map(|number| {
        let put_off = stage.put_off(&due(number));
        assert_eq!((put_off.by, put_off.is_reserved), (HeldBy::Breaker, false));
        ends.until(put_off.until)
    });
    let (least, most) = waits.fold((Duration::MAX, Duration::ZERO), |(least, most), wait| {
        (least.min(wait), most.max(wait))
    });
    assert!(least < Duration::from_millis(200), "{least:?}");
    assert!(
        most > Duration::from_millis(1_800) && most <= seconds(2),
        "{most:?}"
    );
}

#[test]
fn one_delivery_probes_and_the_others_wait() {
    let mut stage = Stage::open(default());
    stage.pass(seconds(10));
    stage.probes(&due(1));
    let probe = Phase::HalfOpen {
        probe: Uuid::from_u128(1),
    };
    assert_eq!((stage.phase(), stage.lasts()), (Some(probe), LEASE));
    let waits = stage.now.until(stage.put_off(&due(2)).until);
    assert!(
        waits >= seconds(5),
        "about as long as the outage has lasted: {waits:?}"
    );
    // Its call came to nothing.
    stage.pass(LEASE);
    stage.probes(&due(2));
}

/// Otherwise another delivery, which finds the lease over too, would probe at the same time.
#[test]
fn a_probe_that_comes_after_its_lease_must_become_the_probe_again() {
    let mut stage = Stage::open(default());
    stage.pass(seconds(10));
    stage.probes(&due(1));
    let version = stage.control.version;
    stage.pass(LEASE);
    stage.probes(&due(1));
    assert_eq!((stage.control.version, stage.lasts()), (version + 1, LEASE));
}

#[test]
fn each_probe_that_fails_opens_it_for_twice_as_long_up_to_half_a_minute() {
    let mut stage = Stage::open(default());
    let mut periods = vec![stage.lasts().as_secs()];
    for number in 20..28 {
        stage.pass(stage.lasts());
        stage.probes(&due(number));
        stage.call(number, FAILED);
        assert_eq!(stage.phase(), Some(Phase::Open));
        periods.push(stage.lasts().as_secs());
    }
    assert_eq!(periods, [10, 20, 30, 30, 30, 30, 30, 30, 30]);
    assert_eq!(stage.control.outage.as_ref().unwrap().since, NOW);
}

#[test]
fn it_lives_by_the_stages_own_schedule() {
    let mut stage = Stage::open(config(&[0, 1, 1]));
    for number in 20..24 {
        assert_eq!(stage.lasts(), seconds(1));
        stage.pass(seconds(1));
        stage.probes(&due(number));
        stage.call(number, FAILED);
    }
}

#[test]
fn a_probe_that_told_nothing_makes_room_for_the_next() {
    let mut stage = Stage::open(default());
    stage.pass(seconds(10));
    stage.probes(&due(1));
    stage.call(1, Health::Unknown);
    assert_eq!(
        (stage.phase(), stage.lasts()),
        (Some(Phase::Open), Duration::ZERO)
    );
    stage.probes(&due(2));
}

#[test]
fn after_an_answered_probe_a_few_calls_are_made_and_then_all() {
    let mut stage = Stage::recovering(default());
    assert_eq!(stage.lasts(), seconds(10));
    assert!(matches!(stage.admit(&due(2)), Admission::Reserve(_)));
    stage.pass(seconds(9));
    stage.call(2, Health::Alive);
    assert_eq!(stage.phase(), Some(Phase::Recovering));
    stage.pass(seconds(1));
    assert_eq!(stage.admit(&due(3)), Admission::Admitted);
    stage.call(3, Health::Alive);
    assert_eq!(stage.phase(), None);
    assert_eq!(stage.admit(&due(4)), Admission::Admitted);
}

/// But not for longer: the receiver has answered in the meantime.
#[test]
fn three_failures_in_a_row_open_it_again_while_the_receiver_recovers() {
    let mut stage = Stage::recovering(default());
    for number in 2..4 {
        stage.call(number, FAILED);
        assert_eq!(stage.phase(), Some(Phase::Recovering));
    }
    stage.call(4, FAILED);
    assert_eq!(
        (stage.phase(), stage.lasts()),
        (Some(Phase::Open), seconds(10))
    );
}

#[test]
fn late_answers_change_nothing_while_it_is_open() {
    let mut stage = Stage::open(default());
    let open = stage.control.clone();
    for health in [FAILED, Health::Alive, Health::Unknown] {
        stage.call(20, health);
        assert_eq!(stage.control, open);
    }
}

#[test]
fn without_a_breaker_or_without_patience_nothing_is_held_back() {
    let open = Stage::open(default()).control;
    let off = WebhookConfig {
        breaker: None,
        ..default()
    };
    for config in [off, config(&[0, 0, 0]), config(&[])] {
        let mut stage = Stage::new(config);
        for number in 0..40 {
            stage.call(number, FAILED);
            assert_eq!(stage.phase(), None);
        }
        stage.control = open.clone();
        assert_eq!(stage.admit(&due(1)), Admission::Admitted);
        stage.call(1, Health::Alive);
        assert_eq!(stage.phase(), None);
    }
}

/// Or the outage would use up one delivery's attempts while all the others wait.
#[test]
fn a_delivery_leaves_the_probe_to_others_at_its_last_attempt() {
    let mut stage = Stage::open(default());
    let mut last = due(1);
    last.attempt = 6;
    assert!(stage.put_off(&last).until >= NOW.plus(seconds(15)));
    stage.pass(seconds(10));
    assert!(matches!(stage.admit(&due(2)), Admission::Probe(_)));
    assert!(matches!(stage.admit(&last), Admission::PutOff(_)));
    // Nobody else did.
    stage.pass(seconds(5));
    assert!(matches!(stage.admit(&last), Admission::Probe(_)));
}

/// It would fail without a call at the very moment when a probe is wanted.
#[test]
fn a_delivery_whose_patience_is_over_makes_the_probe_also_at_its_last_attempt() {
    let mut stage = Stage::open(default());
    let mut last = due(1);
    (last.attempt, last.held_ms) = (6, 1_360_000);
    assert_eq!(stage.admit(&last), Admission::Exhausted);
    stage.pass(seconds(10));
    assert!(matches!(stage.admit(&last), Admission::Probe(_)));
}

#[test]
fn a_receiver_that_says_itself_what_to_do_is_not_in_trouble() {
    for says in [ReceiverSays::Abort, ReceiverSays::Disable] {
        let answer = Answer {
            result: Ok(503),
            receiver_says: Some(says),
            ..Answer::no_call(Reason::Timeout)
        };
        assert_eq!(Health::of(&answer), Health::Alive);
    }
}
