//! Invariants 4, 5 and 9: one attempt at a time, no more than allowed, no earlier than planned, and to
//! the stage's own URL.

use std::collections::BTreeMap;
use std::time::Duration;

use delivery::retry::JITTER;
use delivery::{DeliveryState, FileKey};
use uuid::Uuid;
use workflow::WebhookConfig;

use super::{Call, Evidence, Violations};

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    let deliveries: BTreeMap<Uuid, (&FileKey, &DeliveryState)> = evidence
        .deliveries()
        .into_iter()
        .map(|(key, delivery)| (delivery.delivery_id, (key, delivery)))
        .collect();
    let mut calls: BTreeMap<Uuid, Vec<&Call>> = BTreeMap::new();
    for call in &evidence.calls {
        calls.entry(call.delivery_id).or_default().push(call);
    }
    for (id, calls) in calls {
        let Some((_, delivery)) = deliveries.get(&id) else {
            found.add(3, format!("{id}: a call without a record"));
            continue;
        };
        let stage = evidence.workflow.stage(delivery.stage_id);
        let Some(config) = stage.and_then(|stage| stage.webhook.as_ref()) else {
            found.add(6, format!("{id}: called from a stage that is none"));
            continue;
        };
        for call in &calls {
            if call.url != config.url {
                found.add(9, format!("{id}: called {} instead", call.url));
            }
        }
        one_at_a_time(&calls, found);
        let most = evidence.most_calls.get(&delivery.stage_id);
        bounded(most.copied().unwrap_or(0), &calls, found);
        not_too_soon(evidence, config, delivery, &calls, found);
    }
}

fn one_at_a_time(calls: &[&Call], found: &mut Violations) {
    for (index, one) in calls.iter().enumerate() {
        for other in &calls[index + 1..] {
            let id = one.delivery_id;
            let (a, b) = (one.attempt, other.attempt);
            if one.from < other.until && other.from < one.until {
                found.add(4, format!("{id}: attempts {a} and {b} overlap"));
            }
            // Either may have been the one whose result was not recorded.
            if a == b && !one.excused && !other.excused {
                found.add(4, format!("{id}: attempt {a} was made twice"));
            }
        }
    }
}

fn bounded(most: u32, calls: &[&Call], found: &mut Violations) {
    for call in calls.iter().filter(|call| call.attempt > most) {
        let (id, attempt) = (call.delivery_id, call.attempt);
        found.add(5, format!("{id}: attempt {attempt} of {most}"));
    }
}

/// A retry comes no earlier than the schedule with its jitter says, and no earlier than the receiver
/// asked for, up to 15 minutes or the stage's longest delay.
fn not_too_soon(
    evidence: &Evidence<'_>,
    config: &WebhookConfig,
    delivery: &DeliveryState,
    calls: &[&Call],
    found: &mut Violations,
) {
    let delays = config.retry_delays.clone();
    let delays = delays.unwrap_or_else(|| delivery::retry::DEFAULT_DELAYS.to_vec());
    let longest = delays.iter().max().copied().unwrap_or_default();
    let longest = longest.max(Duration::from_secs(900));
    for call in calls.iter().filter(|call| call.attempt > 1) {
        let before = calls.iter().filter(|c| c.attempt == call.attempt - 1);
        let recorded = delivery.attempts.iter();
        let recorded = recorded.filter(|kept| kept.attempt == call.attempt - 1);
        let recorded = recorded.map(|kept| kept.status).next_back();
        let index = usize::try_from(call.attempt - 2).unwrap();
        let scheduled = delays.get(index).or(delays.last()).copied();
        let planned = scheduled.unwrap_or_default().mul_f64(1.0 - JITTER);
        // Of an attempt that was made twice, either may have been recorded.
        let earliest = before
            .map(|before| {
                // An answer that its sender could not record is not known here.
                let is_known = recorded.is_none_or(|status| status == before.status);
                let asked = before.retry_after.filter(|_| is_known).unwrap_or_default();
                let wait = planned.max(asked.min(longest));
                before.until + millis(wait.saturating_sub(evidence.early))
            })
            .min();
        if let Some(earliest) = earliest
            && call.from < earliest
        {
            let (id, attempt) = (call.delivery_id, call.attempt);
            let early = earliest - call.from;
            found.add(5, format!("{id}: attempt {attempt} came {early} ms early"));
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
