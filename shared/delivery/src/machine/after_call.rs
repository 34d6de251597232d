use workflow::{WebhookConfig, Workflow};

use super::exit::close;
use super::legs::send_after;
use super::send::Sent;
use super::step::{Effect, OnConflict, Report};
use crate::answer::Answer;
use crate::attempt::AttemptSummary;
use crate::event::Attempted;
use crate::message::Delivery;
use crate::record::AttemptRecord;
use crate::retry::{Policy, Verdict};
use crate::state::{FileState, Outcome, Status};
use crate::time::Timestamp;

/// Records the answer to the attempt that `claimed` has claimed: the effects in their order, and what they come
/// to. They schedule the next attempt, or end the visit.
///
/// None when `claimed` has no open delivery, because it then cannot have claimed an attempt.
#[must_use]
pub fn record_attempt(
    workflow: Option<&Workflow>,
    config: Option<&WebhookConfig>,
    claimed: &FileState,
    message: &Delivery,
    answer: &Answer,
    started: Timestamp,
    now: Timestamp,
) -> Option<(Vec<Effect>, Sent)> {
    let open = claimed.delivery.as_ref()?;
    let verdict = Verdict::of(answer, config.and_then(|config| config.retry_on.as_ref()));
    let summary = AttemptSummary {
        attempt: open.attempt,
        at: started,
        status: answer.result.ok(),
        reason: verdict.reason(),
        duration_ms: u32::try_from(answer.duration.as_millis()).unwrap_or(u32::MAX),
    };
    let attempted = Attempted {
        key: claimed.key.clone(),
        workflow_id: claimed.workflow_id,
        stage_id: open.stage_id,
        delivery_id: open.delivery_id,
        trace_id: open.trace().id(),
        summary: summary.clone(),
        lag: open.next_at.until(started),
        outcome: None,
    };
    let mut next = claimed.clone();
    let delivery = next.delivery.as_mut()?;
    delivery.attempts.push(summary.clone());
    delivery.lease_until = None;
    delivery.claim_id = None;
    let mut effects = Vec::new();
    if verdict != Verdict::Succeeded {
        effects.push(Effect::ArchiveAttempt(Box::new(AttemptRecord {
            key: claimed.key.clone(),
            delivery_id: open.delivery_id,
            stage_id: open.stage_id,
            version: claimed.version,
            summary,
            request_bytes: answer.request_bytes,
            response_excerpt: answer.response_excerpt.clone(),
            detail: answer.detail.clone(),
        })));
    }
    let delay = match (verdict, config) {
        (Verdict::Retry(_, hint), Some(config)) => {
            Policy::of(config).delay_after(open.attempt, open.delivery_id, hint, now)
        }
        _ => None,
    };
    if let Some(delay) = delay {
        delivery.attempt = open.attempt + 1;
        // In the record's milliseconds: a queue rounds up to its own unit.
        delivery.next_at = now.plus(delay);
        delivery.is_reserved = false;
        let delay = now.until(delivery.next_at);
        next.status = Status::Queued;
        next.version += 1;
        next.updated_at = now;
        let again = message.for_attempt(open.attempt + 1);
        effects.extend([
            Effect::Write(Box::new(next), OnConflict::GiveUp),
            Effect::Report(Report::Attempted(Box::new(attempted))),
            send_after(again, delay),
        ]);
        return Some((effects, Sent::Retrying));
    }
    let (outcome, sent) = match verdict {
        Verdict::Succeeded => (Outcome::Succeeded, Sent::Succeeded),
        _ => (Outcome::Failed, Sent::Failed),
    };
    let attempted = Report::Attempted(Box::new(Attempted {
        outcome: Some(outcome),
        ..attempted
    }));
    let document = message.document.as_ref();
    let closed = close(workflow, &next, outcome, verdict.reason(), document, now)?;
    effects.extend(closed.effects(document, Some(attempted), OnConflict::GiveUp));
    Some((effects, sent))
}
