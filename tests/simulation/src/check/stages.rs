//! Invariants 11 and 12: a stage that holds its deliveries back is not called, and holding back ends.

use std::time::Duration;

use delivery::control::{Outage, Phase, StageControl};
use delivery::retry::MAX_MESSAGE_DELAY;
use delivery::{DeliveryState, Reason};
use uuid::Uuid;

use super::{Call, Evidence, Violations};

/// What a Webhook stage is set to, as the test knows it: every other source depends on the code under test.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Whether it has a circuit breaker.
    pub has_breaker: bool,
    /// For how long in sum the breaker may hold a delivery back.
    pub patience: Duration,
    /// The least time from one call to the next in the long run, if its rate is limited.
    pub interval: Option<Duration>,
}

/// A stage's control record as it was written at a time, in milliseconds.
#[derive(Clone, Debug)]
pub struct Held {
    pub stage_id: Uuid,
    pub at: i64,
    pub control: StageControl,
}

/// How far a worker's clock may be from the true time, in milliseconds.
const SKEW: i64 = 2_000;

/// How old a sender's copy of the control record may be, in milliseconds.
const COPY_LIVES: i64 = 5_000;

/// The longest lease of a probe, and how long a receiver may take to recover.
const LEASE: Duration = Duration::from_secs(45);
const RECOVERY: Duration = Duration::from_secs(10);

/// How late and how early a call may be for the time that was reserved for it, in milliseconds.
const LATE: i64 = 1_250;
const EARLY: i64 = 40;

/// Judges a write of a control record at this time by the record before it.
pub fn control_written(
    before: &StageControl,
    after: &StageControl,
    now: i64,
    found: &mut Violations,
) {
    if after.version != before.version + 1 {
        let (old, new) = (before.version, after.version);
        found.add(2, format!("control record: version {new} after {old}"));
    }
    let (old, new) = (before.outage.as_ref(), after.outage.as_ref());
    let is_over = |outage: &Outage| now >= outage.until.as_millis() - SKEW;
    let is_right = match (old, new) {
        (_, None) => true,
        (Some(old), Some(new)) if old == new => true,
        (None, Some(new)) => new.phase == Phase::Open,
        (Some(old), Some(new)) => match (old.phase, new.phase) {
            (Phase::Open, Phase::HalfOpen { .. }) => is_over(old),
            (Phase::HalfOpen { probe }, Phase::HalfOpen { probe: other }) => {
                probe == other || is_over(old)
            }
            (Phase::HalfOpen { .. }, Phase::Open | Phase::Recovering)
            | (Phase::Recovering, Phase::Open) => true,
            (Phase::Open, _) | (Phase::Recovering, _) => false,
        },
    };
    if !is_right {
        found.add(
            11,
            format!("at {now}, the breaker went from {old:?} to {new:?}"),
        );
    }
    if let Some(new) = new {
        let longest = match new.phase {
            Phase::Open => MAX_MESSAGE_DELAY,
            Phase::HalfOpen { .. } => LEASE,
            Phase::Recovering => RECOVERY,
        };
        if new.until.as_millis() > now + millis(longest) + SKEW {
            found.add(
                12,
                format!("at {now}: {new:?} lasts longer than {longest:?}"),
            );
        }
    }
}

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    for (_, delivery) in evidence.deliveries() {
        has_an_end(evidence, delivery, found);
    }
    for (stage_id, limits) in &evidence.limits {
        let deliveries = evidence.deliveries().into_iter();
        let of_stage = deliveries.filter(|(_, delivery)| delivery.stage_id == *stage_id);
        let ids: Vec<Uuid> = of_stage.map(|(_, delivery)| delivery.delivery_id).collect();
        let calls = evidence.calls.iter();
        let calls: Vec<&Call> = calls.filter(|c| ids.contains(&c.delivery_id)).collect();
        let held = evidence.held.iter().filter(|h| h.stage_id == *stage_id);
        let held: Vec<&Held> = held.collect();
        let admitted: Vec<(&Call, By)> = calls
            .iter()
            .filter_map(|call| {
                let by = admitted_by(&held, *limits, call);
                if by.is_none() {
                    let (id, attempt) = (call.delivery_id, call.attempt);
                    let during = during(&held, call.decided - COPY_LIVES, call.from);
                    let during: Vec<_> = during.into_iter().flatten().map(told).collect();
                    found.add(
                        11,
                        format!("{id}: attempt {attempt} was called although {during:?}"),
                    );
                }
                Some((*call, by?))
            })
            .collect();
        one_probe(&admitted, found);
        if let Some(interval) = limits.interval {
            // A probe needs no time of its own.
            let calls = admitted.iter().map(|(call, _)| *call);
            let calls: Vec<&Call> = calls.filter(|call| !may_be_probe(&held, call)).collect();
            keeps_to_rate(interval, &calls, found);
        }
    }
}

/// What a control record holds back, for people.
fn told(control: &StageControl) -> String {
    let phase = control.outage.as_ref().map(|outage| outage.phase);
    match (&control.pause, phase) {
        (Some(_), _) => "it is paused".to_owned(),
        (None, phase) => format!("its breaker is {phase:?}"),
    }
}

/// Why a call was allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The stage held nothing back.
    All,
    /// The delivery was the probe.
    Probe {
        /// Until when its lease held.
        lease: i64,
        /// Whether it still was when the call began. If it was not, its sender had an old copy.
        is_current: bool,
    },
}

/// The records that a call may have been decided by.
fn during<'a>(held: &[&'a Held], since: i64, until: i64) -> Vec<Option<&'a StageControl>> {
    let mut during = Vec::new();
    if held.first().is_none_or(|first| first.at >= since) {
        during.push(None);
    }
    for (index, record) in held.iter().enumerate() {
        let ends = held.get(index + 1).map_or(i64::MAX, |next| next.at);
        if record.at <= until && ends >= since {
            during.push(Some(&record.control));
        }
    }
    during
}

fn may_be_probe(held: &[&Held], call: &Call) -> bool {
    let during = during(held, call.decided - COPY_LIVES, call.from);
    during.into_iter().flatten().any(|control| {
        let phase = control.outage.as_ref().map(|outage| outage.phase);
        phase
            == Some(Phase::HalfOpen {
                probe: call.delivery_id,
            })
    })
}

fn admitted_by(held: &[&Held], limits: Limits, call: &Call) -> Option<By> {
    let during = during(held, call.decided - COPY_LIVES, call.from);
    let current = during.last().copied().flatten();
    let by = during.iter().filter_map(|control| {
        let Some(control) = control else {
            return Some(By::All);
        };
        if control.pause.is_some() {
            return None;
        }
        let holds = limits.has_breaker && limits.patience > Duration::ZERO;
        let Some(outage) = control.outage.as_ref().filter(|_| holds) else {
            return Some(By::All);
        };
        match outage.phase {
            Phase::Recovering => Some(By::All),
            Phase::HalfOpen { probe } if probe == call.delivery_id => Some(By::Probe {
                lease: outage.until.as_millis(),
                is_current: current.is_some_and(|current| current.version == control.version),
            }),
            Phase::Open | Phase::HalfOpen { .. } => None,
        }
    });
    by.reduce(|one, other| match other {
        By::Probe { .. } if one != By::All => other,
        _ => By::All,
    })
}

/// Two probes are at work at once only when the first one's lease is over, or by an old copy.
fn one_probe(admitted: &[(&Call, By)], found: &mut Violations) {
    for (first, by) in admitted {
        let By::Probe { lease, .. } = by else {
            continue;
        };
        let others = admitted.iter().filter(|(other, by)| {
            let is_probe = matches!(
                by,
                By::Probe {
                    is_current: true,
                    ..
                }
            );
            is_probe && other.delivery_id != first.delivery_id
        });
        for (second, _) in others {
            let overlaps = first.from <= second.from && second.from < first.until;
            let is_first_fresh = matches!(
                by,
                By::Probe {
                    is_current: true,
                    ..
                }
            );
            if overlaps && is_first_fresh && second.from < lease - SKEW {
                let (a, b) = (first.delivery_id, second.delivery_id);
                found.add(11, format!("{a} and {b} are probes at once"));
            }
        }
    }
}

/// Each call has a time of its own, and the times are an interval apart. When a call was decided on is only known to
/// lie between two times.
fn keeps_to_rate(interval: Duration, calls: &[&Call], found: &mut Violations) {
    for begins in calls.iter().map(|call| call.decided) {
        for ends in calls.iter().map(|call| call.from) {
            let within = |call: &&&Call| call.decided >= begins && call.from <= ends;
            let count = i64::try_from(calls.iter().filter(within).count()).unwrap();
            let times = (ends - begins + LATE + EARLY + 2 * SKEW) / millis(interval) + 1;
            if count > times.max(1) {
                let within = ends - begins;
                found.add(
                    11,
                    format!("{count} calls within {within} ms, {interval:?} apart"),
                );
                return;
            }
        }
    }
}

/// A breaker holds a delivery back no longer than the stage's patience, and an attempt fails for it no sooner.
fn has_an_end(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let Some(limits) = evidence.limits.get(&delivery.stage_id) else {
        return;
    };
    let id = delivery.delivery_id;
    let held = Duration::from_millis(delivery.held_ms);
    let calls = evidence.most_calls.get(&delivery.stage_id).copied();
    let most = longest(
        &evidence.held,
        *limits,
        calls.unwrap_or(1),
        delivery.stage_id,
    );
    if held > most {
        found.add(12, format!("{id}: held back for {held:?} of {most:?}"));
    }
    let mut attempts = delivery.attempts.iter();
    let gave_up = attempts.any(|attempt| attempt.reason == Some(Reason::CircuitOpen));
    if gave_up && held < limits.patience {
        let patience = limits.patience;
        found.add(12, format!("{id}: gave up after {held:?} of {patience:?}"));
    }
}

/// For how long in sum a delivery may be held back: the stage's patience, or for as long as all its retries would wait
/// by the receiver's word.
#[must_use]
pub fn longest(held: &[Held], limits: Limits, most_calls: u32, stage_id: Uuid) -> Duration {
    let of_stage = held.iter().filter(|held| held.stage_id == stage_id);
    let outages = of_stage.filter_map(|held| held.control.outage.as_ref());
    let asked = outages.map(|outage| outage.asked).max().unwrap_or_default();
    limits.patience.max(asked * most_calls.saturating_sub(1))
}

/// Whether the stage may have been paused at any time in which a decision can have been made.
#[must_use]
pub fn may_be_paused(held: &[Held], stage_id: Uuid, decided: i64, now: i64) -> bool {
    let of_stage: Vec<&Held> = held.iter().filter(|h| h.stage_id == stage_id).collect();
    let during = during(&of_stage, decided - COPY_LIVES, now);
    during
        .into_iter()
        .flatten()
        .any(|control| control.pause.is_some())
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
