//! A wait that is longer than a message's delay: made of legs, which do nothing but send the next.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::time::Duration;

use delivery::machine::{
    Effect, FromHistory, SenderStep, Sent, Step, claim, legs_of, next_leg, record_attempt,
    send_step,
};
use delivery::retry::{JITTER, MAX_MESSAGE_DELAY};
use delivery::{Answer, Delivery, FileState, Reason, Timestamp};
use proptest::prelude::*;
use support::{NOW, chain, command, dispatched, id};
use uuid::Uuid;
use workflow::WebhookConfig;

/// A file whose first attempt has failed, and the message that follows from it.
fn failed(delay: Duration, delivery_id: u128) -> (FileState, Effect) {
    let opening = dispatched(&chain(&["A"]), &command("A"), None);
    let [Effect::Write(open, _), Effect::SendDelivery(message, _)] = &opening[..] else {
        panic!("{opening:?}");
    };
    let mut open = (**open).clone();
    let mut message = (**message).clone();
    message.delivery_id = Uuid::from_u128(delivery_id);
    open.delivery.as_mut().unwrap().delivery_id = message.delivery_id;
    let claimed = claim(
        &open,
        id("claim"),
        NOW.plus(Duration::from_secs(45)),
        None,
        NOW,
    );
    let config = WebhookConfig {
        retry_delays: Some(vec![delay]),
        ..WebhookConfig::new("https://receiver.example")
    };
    let answer = Answer::no_call(Reason::Timeout);
    let recorded = record_attempt(None, Some(&config), &claimed, &message, &answer, NOW, NOW);
    let (mut effects, sent) = recorded.unwrap();
    assert_eq!(sent, Sent::Retrying);
    let message = effects.pop().unwrap();
    let written = effects.into_iter().find_map(|effect| match effect {
        Effect::Write(next, _) => Some(*next),
        _ => None,
    });
    (written.unwrap(), message)
}

fn looks(state: &FileState, message: &Delivery, now: Timestamp) -> Step<Sent, SenderStep> {
    send_step(message, state, &FromHistory::NotAsked, None, now)
}

/// When each message comes, up to the one that makes the attempt; each comes `late` after its time.
fn arrivals(state: &FileState, first: Effect, late: Duration) -> Vec<Timestamp> {
    let (mut now, mut effect) = (NOW, first);
    let mut arrivals = Vec::new();
    loop {
        let (message, delay) = match effect {
            Effect::SendLeg(message, delay) | Effect::SendDelivery(message, delay) => {
                (message, delay)
            }
            other => panic!("{other:?}"),
        };
        assert!(delay <= MAX_MESSAGE_DELAY);
        now = now.plus(delay + late);
        arrivals.push(now);
        effect = match looks(state, &message, now) {
            Step::Do(effects, Sent::Waits) => match <[Effect; 1]>::try_from(effects) {
                Ok([effect]) => effect,
                Err(effects) => panic!("{effects:?}"),
            },
            Step::Sender(SenderStep::Call(2)) => return arrivals,
            other => panic!("{other:?}"),
        };
    }
}

proptest! {
    #[test]
    fn the_attempt_is_made_when_it_is_due_and_costs_a_message_every_quarter_of_an_hour(
        seconds in 0_u64..=86_400,
        delivery_id: u128,
        late in 0_u64..2_000,
    ) {
        let (state, first) = failed(Duration::from_secs(seconds), delivery_id);
        let due = state.delivery.as_ref().unwrap().next_at;
        let wait = NOW.until(due);
        let late = Duration::from_millis(late);
        let arrivals = arrivals(&state, first, late);
        let last = *arrivals.last().unwrap();
        prop_assert!(last.plus(Duration::from_millis(1_500)) >= due, "{:?} early", last.until(due));
        prop_assert!(due.until(last) <= late, "{:?} late", due.until(last));
        let messages = u32::try_from(arrivals.len()).unwrap();
        prop_assert!(messages <= legs_of(wait), "{messages} messages for {wait:?}");
    }
}

/// The failures of a minute come back over half a quarter of an hour, the first time and each time after it.
#[test]
fn files_that_failed_together_do_not_come_back_together() {
    let mut firsts = Vec::new();
    for number in 0..1_000 {
        let (_, first) = failed(Duration::from_secs(86_400), number);
        let Effect::SendLeg(_, delay) = first else {
            panic!("{first:?}");
        };
        firsts.push(delay.as_secs());
    }
    for minute in (450..900).step_by(60) {
        let here = firsts
            .iter()
            .filter(|at| (minute..minute + 60).contains(*at));
        assert!(here.count() < 200, "at {minute} s");
    }
    assert!(firsts.iter().all(|at| (450..=900).contains(at)));
}

#[test]
fn a_leg_follows_only_from_the_message_of_the_attempt_that_waits() {
    let (state, first) = failed(Duration::from_secs(3600), 7);
    let Effect::SendLeg(message, _) = first else {
        panic!("{first:?}");
    };
    assert!(next_leg(&message, &state, NOW).is_some());
    let other = |change: fn(&mut Delivery)| {
        let mut other = (*message).clone();
        change(&mut other);
        next_leg(&other, &state, NOW)
    };
    assert_eq!(other(|it| *it = it.for_attempt(1)), None);
    assert_eq!(other(|it| *it = it.for_attempt(3)), None);
    assert_eq!(other(|it| it.delivery_id = Uuid::nil()), None);
    assert_eq!(other(|it| it.stage_id = Uuid::nil()), None);
    let due = state.delivery.as_ref().unwrap().next_at;
    assert_eq!(next_leg(&message, &state, due), None);
    let lease = due.plus(Duration::from_secs(45));
    assert_eq!(
        next_leg(&message, &claim(&state, id("claim"), lease, None, due), NOW),
        None
    );
}

/// The whole schedule of Standard Webhooks, as `infra/sam/price` multiplies it.
#[test]
fn messages_of_a_wait() {
    let messages = |seconds| legs_of(Duration::from_secs(seconds));
    assert_eq!([10, 900, 901, 1350, 1351].map(messages), [1, 1, 2, 2, 3]);
    assert_eq!([3_600, 86_400].map(messages), [5, 97]);
    let jittered = Duration::from_secs(86_400).mul_f64(1.0 - JITTER);
    assert_eq!(legs_of(jittered), 78);
}
