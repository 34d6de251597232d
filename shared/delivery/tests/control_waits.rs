//! What holds a delivery back has an end, or costs nothing: patience, and pauses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stage;
mod support;

use std::time::Duration;

use delivery::control::{Health, HeldBy, paused, resumed};
use delivery::machine::{Effect, FromHistory, Gate, Report, SenderStep, Step, send_step};
use delivery::retry::RetryAfter;
use delivery::{Delivery, FileState, Reason};
use proptest::prelude::*;
use stage::{LEASE, NOW, Stage, config, seconds};
use support::{chain, command, dispatched};

fn queued() -> (FileState, Delivery) {
    match &dispatched(&chain(&["A"]), &command("A"), None)[..] {
        [Effect::Write(next, _), Effect::SendDelivery(message, _)] => {
            ((**next).clone(), (**message).clone())
        }
        other => panic!("{other:?}"),
    }
}

/// The delivery's next step when its message comes.
fn look(
    stage: &Stage,
    state: &FileState,
    message: &Delivery,
) -> Result<(FileState, HeldBy), SenderStep> {
    let workflow = chain(&["A"]);
    let gate = Gate {
        workflow: &workflow,
        config: &stage.config,
        is_wanted: None,
        control: &stage.control,
        reserved: None,
        lease: LEASE,
    };
    let step = send_step(
        message,
        state,
        &FromHistory::NotAsked,
        Some(&gate),
        stage.now,
    );
    match step {
        Step::Sender(step) => Err(step),
        Step::Do(effects, _) => match &effects[..] {
            [
                Effect::Write(next, _),
                Effect::Report(Report::PutOff(_, by)),
                Effect::SendDelivery(again, delay) | Effect::SendLeg(again, delay),
            ] => {
                let (old, new) = (
                    state.delivery.as_ref().unwrap(),
                    next.delivery.as_ref().unwrap(),
                );
                assert_eq!((old.attempt, &old.attempts), (new.attempt, &new.attempts));
                assert_eq!(again.task, message.task);
                assert!(*delay <= stage.now.until(new.next_at));
                Ok(((**next).clone(), *by))
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

proptest! {
    /// The receiver stays dead, and another delivery always makes the probe.
    #[test]
    fn the_breaker_never_holds_longer_than_the_stages_patience(
        delays in prop::collection::vec(prop_oneof![0_u64..=900, 900_u64..=86_400], 1..8),
        own in prop::option::of(0_u64..=86_400),
        asked in prop::option::of(1_u64..2_000),
    ) {
        let mut stage = Stage::new(config(&delays));
        stage.config.breaker_patience = own.map(seconds);
        let sum: Duration = delays.iter().copied().map(seconds).sum();
        let patience = own.map_or(sum.min(workflow::MAX_PATIENCE), seconds);
        let asked = asked.map(seconds);
        let hint = asked.map(|asked| RetryAfter::Seconds(asked.as_secs()));
        let dead = Health::Trouble(Reason::HttpStatus, hint);
        for number in 0..10 {
            stage.call(number, dead);
        }
        let (mut state, message) = queued();
        let retries = u32::try_from(delays.len()).unwrap();
        let by_word = asked.unwrap_or_default().min(seconds(900)) * retries;
        let most = patience.max(by_word);
        if patience.is_zero() {
            prop_assert_eq!(look(&stage, &state, &message), Err(SenderStep::Call(1)));
            return Ok(());
        }
        for probe in 1_000_u128.. {
            if stage.lasts().is_zero() {
                stage.probes(&stage::due(probe));
                stage.call(probe, dead);
            }
            match look(&stage, &state, &message) {
                Ok((next, by)) => {
                    prop_assert_eq!(by, HeldBy::Breaker);
                    let open = next.delivery.as_ref().unwrap();
                    prop_assert!(Duration::from_millis(open.held_ms) <= most);
                    // A message is delayed for 15 min at most; until then it is only sent again.
                    stage.now = open.next_at;
                    state = next;
                }
                Err(step) => {
                    let held = state.delivery.as_ref().unwrap().held_ms;
                    prop_assert_eq!(step, SenderStep::Fail(Reason::CircuitOpen));
                    prop_assert_eq!(Duration::from_millis(held), most);
                    break;
                }
            }
        }
    }
}

#[test]
fn a_pause_holds_a_delivery_however_long_and_costs_a_look_every_quarter_of_an_hour_at_most() {
    let mut stage = Stage::new(config(&[1]));
    stage.control = paused(&stage.control, "operator", None, NOW).unwrap();
    let (mut state, message) = queued();
    let mut looks = 0;
    while NOW.until(stage.now) < seconds(7 * 86_400) {
        let (next, by) = look(&stage, &state, &message).unwrap();
        let open = next.delivery.as_ref().unwrap();
        let (wait, lasted) = (stage.now.until(open.next_at), NOW.until(stage.now));
        let longest = lasted.clamp(seconds(10), seconds(900));
        assert!(
            wait >= longest / 2 && wait <= longest,
            "{wait:?} after {lasted:?}"
        );
        assert_eq!((by, open.held_ms), (HeldBy::Pause(lasted), 0));
        stage.now = open.next_at;
        state = next;
        looks += 1;
    }
    assert!(looks < 7 * 96 * 2 + 20, "{looks} looks in a week");
    stage.control = resumed(&stage.control, stage.now).unwrap();
    assert_eq!(look(&stage, &state, &message), Err(SenderStep::Call(1)));
}
