use std::time::Duration;

use workflow::WebhookConfig;

use super::breaker::{RECOVERY_INTERVAL, probing};
use super::rate::{EARLY, is_on_time};
use super::{Outage, Pace, Phase, StageControl};
use crate::retry::{self, MAX_MESSAGE_DELAY, Policy};
use crate::state::DeliveryState;
use crate::time::Timestamp;

/// Why a delivery that is due is put off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HeldBy {
    /// The circuit breaker.
    Breaker,
    /// A pause, which is this old.
    Pause(Duration),
    /// The stage's `max_rate`.
    Rate,
}

impl HeldBy {
    /// A stable code, as in logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Breaker => "breaker",
            Self::Pause(_) => "pause",
            Self::Rate => "rate",
        }
    }
}

/// Whether a delivery that is due may be called now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Make the call.
    Admitted,
    /// Write this record first, by which the delivery becomes the probe; then decide again.
    Probe(Box<StageControl>),
    /// Reserve a time at this pace first; then decide again.
    Reserve(Pace),
    /// Look again later. No attempt is spent.
    PutOff(PutOff),
    /// The delivery has been held back for as long as its stage allows: the attempt fails without a call.
    Exhausted,
}

/// A delivery that is due waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutOff {
    /// Until then.
    pub until: Timestamp,
    /// Why.
    pub by: HeldBy,
    /// Whether it may make its call at this very time, because the time is reserved for it.
    pub is_reserved: bool,
}

/// How much longer than the time it waits for a put-off delivery may wait, so that not all come at once: a fifth of
/// that time, within these limits.
const SPREAD: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(60));

/// The longest time after which a delivery is looked at again that the breaker holds back. Until then it is about as
/// long as the outage has lasted, so that nothing waits much longer after an outage than during it; but no delay of the
/// stage's schedule is exceeded. As the times differ from file to file, there is always one that soon comes due to make
/// the probe, while each costs few looks: 14 in the 22 minutes of the default patience.
const LOOK: Duration = Duration::from_secs(200);

/// Decides whether a delivery that is due may be called now. `reserved` is the time that an earlier
/// [`Admission::Reserve`] came to, and `lease` how long a claim of the stage lasts.
#[must_use]
pub fn admit(
    control: &StageControl,
    config: &WebhookConfig,
    open: &DeliveryState,
    reserved: Option<Timestamp>,
    lease: Duration,
    now: Timestamp,
) -> Admission {
    if let Some(pause) = &control.pause {
        // From half the time on, so that the files do not all come at once after the pause.
        let wait = pause.wait(now).mul_f64(0.5 + 0.5 * share(open));
        let age = pause.since.until(now);
        return put_off(now.plus(wait), HeldBy::Pause(age));
    }
    let policy = Policy::of(config);
    let rate = config.max_rate.map(Pace::of);
    let outage = control.outage.as_ref();
    let outage = outage.filter(|_| config.breaker.is_some() && policy.patience() > Duration::ZERO);
    let Some(outage) = outage else {
        return at_pace(control, rate, open, reserved, now);
    };
    match outage.phase {
        Phase::Open => {
            let from = probes_from(control, outage, &policy, open);
            match hold(control, outage, &policy, open, from, now) {
                _ if now >= from => probe(control, outage, open, lease, now),
                Admission::Exhausted if now >= outage.until => {
                    probe(control, outage, open, lease, now)
                }
                held => held,
            }
        }
        // Also the probe itself: once its lease is over, another delivery may have become the probe meanwhile.
        Phase::HalfOpen { .. } if now >= outage.until => probe(control, outage, open, lease, now),
        Phase::HalfOpen { probe } if probe == open.delivery_id => Admission::Admitted,
        Phase::HalfOpen { .. } => hold(control, outage, &policy, open, outage.until, now),
        Phase::Recovering if now >= outage.until => at_pace(control, rate, open, reserved, now),
        Phase::Recovering => {
            let pace = Pace(RECOVERY_INTERVAL).slower(rate);
            // Where the patience has come to its end, the receiver is called: it answers again.
            let hold_back = || match hold(control, outage, &policy, open, outage.until, now) {
                Admission::Exhausted => at_pace(control, rate, open, reserved, now),
                put_off => put_off,
            };
            match at_pace(control, Some(pace), open, reserved, now) {
                Admission::PutOff(put_off) if put_off.until > outage.until => hold_back(),
                Admission::PutOff(put_off) => Admission::PutOff(PutOff {
                    by: HeldBy::Breaker,
                    ..put_off
                }),
                Admission::Reserve(_) if control.next_free > Some(outage.until) => hold_back(),
                admission => admission,
            }
        }
    }
}

/// From when on a delivery may make the probe: once the breaker's time is over. For its last attempt it leaves the
/// others half as long again, so that an outage does not use up one delivery's attempts while others wait.
fn probes_from(
    control: &StageControl,
    outage: &Outage,
    policy: &Policy,
    open: &DeliveryState,
) -> Timestamp {
    if open.attempt <= policy.max_retries() {
        return outage.until;
    }
    (outage.until).plus(control.updated_at.until(outage.until) / 2)
}

fn probe(
    control: &StageControl,
    outage: &Outage,
    open: &DeliveryState,
    lease: Duration,
    now: Timestamp,
) -> Admission {
    let next = probing(control, outage, open.delivery_id, lease, now);
    Admission::Probe(Box::new(next))
}

/// Puts it off to just after `end`, or for about as long as the outage has lasted if that is longer; as far
/// as the stage's patience goes.
fn hold(
    control: &StageControl,
    outage: &Outage,
    policy: &Policy,
    open: &DeliveryState,
    end: Timestamp,
    now: Timestamp,
) -> Admission {
    let phase = control.updated_at.until(outage.until);
    let spread = (phase / 5).clamp(SPREAD.0, SPREAD.1).mul_f64(share(open));
    let end = now.until(end) + spread;
    let look = outage.since.until(now).min(policy.longest_delay());
    let look = look.max(policy.first_delay());
    let look = look.clamp(SPREAD.0, LOOK).mul_f64(0.5 + 0.5 * share(open));
    let wait = match outage.phase {
        Phase::Open => end.max(look),
        // The probe may be answered long before its lease ends.
        Phase::HalfOpen { .. } => look,
        Phase::Recovering => end,
    };
    // Where the receiver asked for the time, as long as all retries together would wait by its word.
    let most = policy.patience().max(outage.asked * policy.max_retries());
    let left = most.saturating_sub(Duration::from_millis(open.held_ms));
    if left.is_zero() {
        return Admission::Exhausted;
    }
    put_off(now.plus(wait.min(left)), HeldBy::Breaker)
}

const fn put_off(until: Timestamp, by: HeldBy) -> Admission {
    Admission::PutOff(PutOff {
        until,
        by,
        is_reserved: false,
    })
}

fn at_pace(
    control: &StageControl,
    pace: Option<Pace>,
    open: &DeliveryState,
    reserved: Option<Timestamp>,
    now: Timestamp,
) -> Admission {
    let Some(pace) = pace else {
        return Admission::Admitted;
    };
    let own = open.is_reserved.then_some(open.next_at);
    match reserved.or(own) {
        Some(time) if is_on_time(time, now) => Admission::Admitted,
        Some(time) if now.until(time) > EARLY => Admission::PutOff(PutOff {
            until: time,
            by: HeldBy::Rate,
            is_reserved: true,
        }),
        // No times are given out further ahead, so that a changed rate soon takes effect.
        _ if control.next_free > Some(now.plus(MAX_MESSAGE_DELAY)) => {
            let wait = MAX_MESSAGE_DELAY.mul_f64(0.5 + 0.5 * share(open));
            put_off(now.plus(wait), HeldBy::Rate)
        }
        _ => Admission::Reserve(pace),
    }
}

/// A share from 0 to 1 that is always the same for a delivery's attempt.
fn share(open: &DeliveryState) -> f64 {
    retry::share(open.delivery_id, open.attempt)
}
