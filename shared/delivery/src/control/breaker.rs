//! The circuit breaker.
//!
//! | Phase | Calls | Next |
//! |---|---|---|
//! | closed (no outage) | all | open, when recent calls trip it or the receiver asks for it with `Retry-After` |
//! | open until | none | half-open, by the first delivery that comes due afterwards |
//! | half-open | one, the probe's | recovering if the receiver answers it, or else open for twice as long |
//! | recovering until | a few, at a fixed pace | closed; or open again after three failures in a row |

use std::time::Duration;

use uuid::Uuid;
use workflow::{BreakerConfig, WebhookConfig};

use super::{Health, Outage, Phase, Recent, StageControl};
use crate::reason::Reason;
use crate::retry::{MAX_MESSAGE_DELAY, Policy};
use crate::time::Timestamp;

/// The pace of the calls while the receiver recovers: 10 a second.
pub(super) const RECOVERY_INTERVAL: Duration = Duration::from_millis(100);

/// How long the receiver gets to recover: the schedule's first delay, within these limits.
const RECOVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// While the receiver recovers, this many failures in a row open the breaker again.
const FAILURES_IN_RECOVERY: u32 = 3;

/// The breaker's time is not doubled beyond this, so that a receiver that is back is soon called: 20 minutes' files
/// of 50 a second are then delivered within five minutes of its return (`cargo bench -p capacity -- outage`). A probe
/// costs one call; how often all the others are looked at is another matter, see [`super::admit()`].
const LONGEST: Duration = Duration::from_secs(30);

/// The longest that the breaker opens for at once, however long the stage's first delay is: otherwise a receiver whose
/// files wait a day after a failure would get no call for a day after ten of them.
const LONGEST_FIRST: Duration = MAX_MESSAGE_DELAY;

/// How long the breaker opens: the schedule's first delay, doubled each time, up to its longest or [`LONGEST`].
fn period(policy: &Policy, trips: u32) -> Duration {
    let (first, longest) = (policy.first_delay(), policy.longest_delay());
    let first = first.min(LONGEST_FIRST);
    let doubled = 2_u32.saturating_pow(trips.saturating_sub(1));
    let most = longest.min(LONGEST).max(first);
    first.saturating_mul(doubled).min(most)
}

fn opened(
    control: &StageControl,
    policy: &Policy,
    (since, trips): (Timestamp, u32),
    (reason, asked): (Reason, Duration),
    now: Timestamp,
) -> StageControl {
    let asked = asked.min(MAX_MESSAGE_DELAY);
    let outage = Outage {
        since,
        trips,
        reason,
        until: now.plus(period(policy, trips).max(asked)),
        phase: Phase::Open,
        asked,
    };
    StageControl {
        outage: Some(outage),
        ..control.next(now)
    }
}

/// The record in which this delivery makes the probe, until `lease`.
pub(super) fn probing(
    control: &StageControl,
    outage: &Outage,
    probe: Uuid,
    lease: Duration,
    now: Timestamp,
) -> StageControl {
    StageControl {
        outage: Some(Outage {
            phase: Phase::HalfOpen { probe },
            until: now.plus(lease),
            ..outage.clone()
        }),
        ..control.next(now)
    }
}

/// The record after a call, if that changes it. `recent` includes the call.
#[must_use]
pub fn after_call(
    control: &StageControl,
    config: &WebhookConfig,
    delivery_id: Uuid,
    health: Health,
    recent: &Recent,
    now: Timestamp,
) -> Option<StageControl> {
    let policy = Policy::of(config);
    match config.breaker {
        Some(breaker) if policy.patience() > Duration::ZERO => {
            breaker_after_call(control, &breaker, &policy, delivery_id, health, recent, now)
        }
        // The breaker was switched off while it was open.
        _ => control.outage.as_ref().map(|_| closed(control, now)),
    }
}

fn breaker_after_call(
    control: &StageControl,
    config: &BreakerConfig,
    policy: &Policy,
    delivery_id: Uuid,
    health: Health,
    recent: &Recent,
    now: Timestamp,
) -> Option<StageControl> {
    let trouble = match health {
        Health::Trouble(reason, hint) => {
            Some((reason, hint.map_or(Duration::ZERO, |hint| hint.from(now))))
        }
        Health::Alive | Health::Unknown => None,
    };
    let Some(outage) = &control.outage else {
        let why = trouble?;
        let trips = why.1 > Duration::ZERO || recent.trips(config);
        return trips.then(|| opened(control, policy, (now, 1), why, now));
    };
    let again = (outage.since, outage.trips.saturating_add(1));
    match (outage.phase, health) {
        (Phase::HalfOpen { probe }, _) if probe == delivery_id => Some(match (trouble, health) {
            (Some(why), _) => opened(control, policy, again, why, now),
            (None, Health::Alive) => recovering(control, outage, policy, now),
            // It told nothing: the next delivery makes another probe.
            (None, _) => probed_again(control, outage, now),
        }),
        (Phase::Recovering, Health::Trouble(..)) => {
            let why = trouble?;
            let reopens = why.1 > Duration::ZERO
                || recent.failures_in_a_row >= FAILURES_IN_RECOVERY
                || recent.trips(config);
            let since = if outage.until < now {
                now
            } else {
                outage.since
            };
            // The receiver has answered a probe in the meantime, so the time is not doubled.
            reopens.then(|| opened(control, policy, (since, 1), why, now))
        }
        (Phase::Recovering, Health::Alive) if outage.until <= now => Some(closed(control, now)),
        // The late answer of a call that began before the breaker opened.
        _ => None,
    }
}

fn recovering(
    control: &StageControl,
    outage: &Outage,
    policy: &Policy,
    now: Timestamp,
) -> StageControl {
    let time = policy.first_delay().clamp(RECOVERY.0, RECOVERY.1);
    StageControl {
        outage: Some(Outage {
            phase: Phase::Recovering,
            until: now.plus(time),
            ..outage.clone()
        }),
        ..control.next(now)
    }
}

fn probed_again(control: &StageControl, outage: &Outage, now: Timestamp) -> StageControl {
    StageControl {
        outage: Some(Outage {
            phase: Phase::Open,
            until: now,
            ..outage.clone()
        }),
        ..control.next(now)
    }
}

pub(super) fn closed(control: &StageControl, now: Timestamp) -> StageControl {
    StageControl {
        outage: None,
        ..control.next(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(delays: &[u64]) -> Vec<u64> {
        let delays = delays.iter().copied().map(Duration::from_secs).collect();
        let policy = Policy::of(&WebhookConfig {
            retry_delays: Some(delays),
            ..WebhookConfig::new("https://receiver.example")
        });
        let periods = (1..=6).map(|trips| period(&policy, trips).as_secs());
        periods.collect()
    }

    #[test]
    fn the_breaker_opens_by_the_stages_own_schedule_but_soon_calls_a_receiver_that_is_back() {
        assert_eq!(periods(&[10, 30, 120, 300, 900]), [10, 20, 30, 30, 30, 30]);
        assert_eq!(periods(&[1, 1, 1]), [1; 6]);
        assert_eq!(periods(&[1, 5]), [1, 2, 4, 5, 5, 5]);
        assert_eq!(
            periods(&[600, 900]),
            [600; 6],
            "who asks for long waits gets them"
        );
        assert_eq!(periods(&[86_400, 86_400]), [900; 6], "but not for a day");
        assert_eq!(periods(&[5, 86_400]), [5, 10, 20, 30, 30, 30]);
    }
}
