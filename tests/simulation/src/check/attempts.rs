//! Invariants 5 and 6: the attempts on record are those that were made; they continue exactly as long as
//! allowed, and end as the receiver answered.

use std::collections::BTreeMap;

use delivery::ports::Wanted;
use delivery::{AttemptSummary, DeliveryState, Outcome, Reason};
use uuid::Uuid;
use workflow::RetryOn;

use super::{Call, Evidence, Violations};
use crate::ports::wanted;

pub(super) fn check(evidence: &Evidence<'_>, found: &mut Violations) {
    let mut by_delivery: BTreeMap<Uuid, Vec<&Call>> = BTreeMap::new();
    for call in &evidence.calls {
        by_delivery.entry(call.delivery_id).or_default().push(call);
    }
    for (_, delivery) in evidence.deliveries() {
        let calls = by_delivery.get(&delivery.delivery_id);
        let calls = calls.map_or(&[][..], Vec::as_slice);
        ended_as_answered(delivery, found);
        went_on_for_a_reason(evidence, delivery, found);
        gave_up_for_a_reason(evidence, delivery, found);
        sent_if_wanted(evidence, delivery, calls, found);
        recorded_as_made(delivery, calls, found);
        kept_in_full(evidence, delivery, found);
    }
}

fn said_yes(attempt: &AttemptSummary) -> bool {
    let status = attempt.status;
    status.is_some_and(|status| (200..300).contains(&status))
}

fn ended_as_answered(delivery: &DeliveryState, found: &mut Violations) {
    let Some(outcome) = delivery.outcome else {
        let id = delivery.delivery_id;
        found.add(6, format!("{id}: at rest, and has not ended"));
        return;
    };
    let last = delivery.attempts.last();
    let was_taken = last.is_some_and(said_yes);
    let is_right = match outcome {
        Outcome::Succeeded => was_taken,
        Outcome::Failed => !was_taken,
        Outcome::Skipped => last.is_none() && delivery.reason.is_none(),
    };
    if !is_right {
        let (id, last) = (delivery.delivery_id, last.and_then(|last| last.status));
        found.add(6, format!("{id}: {outcome:?} after {last:?}"));
    }
}

/// A file is skipped if its stage's condition does not hold for it, and only then; what is skipped is not called, and what
/// cannot be told is not called either.
fn sent_if_wanted(
    evidence: &Evidence<'_>,
    delivery: &DeliveryState,
    calls: &[&Call],
    found: &mut Violations,
) {
    let stage = evidence.workflow.stage(delivery.stage_id);
    let config = stage.and_then(|stage| stage.webhook.as_ref());
    let has_condition = config.is_some_and(|config| config.condition.is_some());
    let wanted = match has_condition {
        true => wanted(delivery.delivery_id),
        false => Wanted::Yes,
    };
    let (id, outcome) = (delivery.delivery_id, delivery.outcome);
    if wanted != Wanted::Yes && !calls.is_empty() {
        found.add(13, format!("{id}: called, and {wanted:?}"));
    }
    if outcome == Some(Outcome::Skipped) && wanted != Wanted::No {
        found.add(13, format!("{id}: skipped, and {wanted:?}"));
    }
}

/// Another attempt follows only a failure, and only one that may be retried.
fn went_on_for_a_reason(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let id = delivery.delivery_id;
    let on = retry_on(evidence, delivery);
    let all_but_last = delivery.attempts.split_last().map(|(_, others)| others);
    for attempt in all_but_last.into_iter().flatten() {
        if said_yes(attempt) || !is_repeated(on, attempt) {
            let (number, status) = (attempt.attempt, attempt.status);
            found.add(
                5,
                format!("{id}: went on after attempt {number}, {status:?}"),
            );
        }
    }
}

/// A failed delivery has made every attempt it may, unless its last one ended it at once, or something
/// other than an attempt did.
fn gave_up_for_a_reason(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let (Some(Outcome::Failed), Some(most)) = (
        delivery.outcome,
        evidence.most_calls.get(&delivery.stage_id),
    ) else {
        return;
    };
    let id = delivery.delivery_id;
    let made = u32::try_from(delivery.attempts.len()).unwrap();
    let on = retry_on(evidence, delivery);
    let is_last_word = |last: &AttemptSummary| !is_repeated(on, last);
    let has_stopped = delivery.attempts.last().is_some_and(is_last_word);
    let last = delivery.attempts.last().and_then(|last| last.reason);
    let is_right = match delivery.reason {
        Some(Reason::HopLimit) => made == 0,
        // The write that records the last attempt ends the delivery: no message is left to die.
        Some(Reason::DeadLettered) => made < *most,
        reason if has_stopped => last == reason,
        reason => last == reason && made == *most,
    };
    if !is_right {
        let reason = delivery.reason;
        found.add(
            6,
            format!("{id}: gave up as {reason:?} after {made} of {most} attempts, {last:?}"),
        );
    }
}

fn retry_on<'a>(evidence: &'a Evidence<'_>, delivery: &DeliveryState) -> Option<&'a RetryOn> {
    let stage = evidence.workflow.stage(delivery.stage_id)?;
    stage.webhook.as_ref()?.retry_on.as_ref()
}

/// Whether another attempt follows this one, as long as there is one: by what the stage says of statuses and of the
/// network, and otherwise by what kind of failure it is.
fn is_repeated(on: Option<&RetryOn>, attempt: &AttemptSummary) -> bool {
    let Some(reason) = attempt.reason else {
        return false;
    };
    match (on, attempt.status) {
        _ if reason == Reason::Aborted => false,
        (Some(on), Some(status)) => {
            on.statuses.contains(&status) || on.classes.contains(&(status / 100))
        }
        (Some(on), None) if NETWORK.contains(&reason) => on.network,
        (None, Some(410)) => false,
        _ => !ends_at_once(reason),
    }
}

const NETWORK: [Reason; 7] = [
    Reason::Timeout,
    Reason::ConnectTimeout,
    Reason::Dns,
    Reason::Connect,
    Reason::Tls,
    Reason::ConnectionClosed,
    Reason::InvalidResponse,
];

/// Failures that the receiver does not want retried, and those that a retry cannot change.
const fn ends_at_once(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Gone
            | Reason::Aborted
            | Reason::ForbiddenAddress
            | Reason::InvalidUrl
            | Reason::ConditionInvalid
            | Reason::BodyInvalid
            | Reason::DocumentInvalid
            | Reason::DocumentMissing
            | Reason::DocumentChanged
            | Reason::DocumentForbidden
            | Reason::WorkflowMissing
            | Reason::StageMissing
    )
}

fn recorded_as_made(delivery: &DeliveryState, calls: &[&Call], found: &mut Violations) {
    let id = delivery.delivery_id;
    for (number, attempt) in (1..).zip(&delivery.attempts) {
        if attempt.attempt != number {
            let is = attempt.attempt;
            found.add(5, format!("{id}: attempt {number} is recorded as {is}"));
        }
        // The receiver does not see an attempt that found no connection.
        let must_be_seen = attempt.status.is_some() || attempt.reason == Some(Reason::Timeout);
        let is_seen = calls
            .iter()
            .any(|call| call.attempt == attempt.attempt && call.status == attempt.status);
        if must_be_seen && !is_seen {
            let status = attempt.status;
            found.add(
                5,
                format!(
                    "{id}: attempt {number} is recorded with {status:?}, which nobody answered"
                ),
            );
        }
    }
    if delivery.outcome == Some(Outcome::Succeeded) {
        let made = calls.iter().map(|call| call.attempt).max().unwrap_or(0);
        let recorded = delivery.attempts.len();
        if usize::try_from(made).unwrap() != recorded {
            found.add(
                5,
                format!("{id}: {made} attempts made, {recorded} recorded"),
            );
        }
    }
}

/// A failed attempt that the record counts is in the history, once, for people who look for the cause. Where
/// two senders made it, because one had lost its lease, it may be either's: who comes last is kept.
fn kept_in_full(evidence: &Evidence<'_>, delivery: &DeliveryState, found: &mut Violations) {
    let id = delivery.delivery_id;
    let failed = delivery.attempts.iter().filter(|a| a.reason.is_some());
    for attempt in failed {
        let number = attempt.attempt;
        let kept = evidence.attempts.iter().map(|kept| (kept, &kept.summary));
        let kept: Vec<_> = kept
            .filter(|(kept, summary)| kept.delivery_id == id && summary.attempt == number)
            .collect();
        let [(_, kept)] = kept[..] else {
            let times = kept.len();
            found.add(
                2,
                format!("{id}: attempt {number} is kept in full {times} times"),
            );
            continue;
        };
        if kept != attempt {
            found.add(2, format!("{id}: {attempt:?} is kept in full as {kept:?}"));
        }
    }
}
