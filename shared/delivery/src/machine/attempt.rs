use workflow::{WebhookConfig, Workflow};

use super::close::{Closed, close};
use crate::attempt::AttemptSummary;
use crate::message::Delivery;
use crate::ports::Answer;
use crate::reason::Reason;
use crate::record::AttemptRecord;
use crate::retry::Policy;
use crate::state::{FileState, Outcome, Status};
use crate::time::Timestamp;

/// A recorded attempt.
#[derive(Debug, PartialEq, Eq)]
pub struct RecordedAttempt {
    /// The attempt's summary, as the record keeps it.
    pub summary: AttemptSummary,
    /// The failed attempt in full, to be stored before the record is written.
    pub record: Option<AttemptRecord>,
    /// What to write and send.
    pub next_step: NextStep,
}

/// What follows an attempt.
#[derive(Debug, PartialEq, Eq)]
pub enum NextStep {
    /// Write the record, then send the message of the next attempt, due at its `next_at`.
    Retry {
        /// The record to write.
        next: Box<FileState>,
        /// The message of the next attempt.
        delivery: Box<Delivery>,
    },
    /// The visit is over.
    Close(Box<Closed>),
}

/// Records the answer to the attempt that `state` has claimed.
///
/// None when `state` has no open delivery, because it then cannot have claimed an attempt.
#[must_use]
pub fn record_attempt(
    workflow: Option<&Workflow>,
    config: Option<&WebhookConfig>,
    state: &FileState,
    message: &Delivery,
    answer: &Answer,
    started: Timestamp,
    now: Timestamp,
) -> Option<RecordedAttempt> {
    let open = state.delivery.as_ref()?;
    let failure = failure(answer);
    let summary = AttemptSummary {
        attempt: open.attempt,
        at: started,
        status: answer.result.ok(),
        reason: failure,
        duration_ms: u32::try_from(answer.duration.as_millis()).unwrap_or(u32::MAX),
    };
    let mut next = state.clone();
    let delivery = next.delivery.as_mut()?;
    delivery.attempts.push(summary.clone());
    delivery.lease_until = None;
    delivery.claim_id = None;
    let Some(reason) = failure else {
        let closed = close(
            workflow,
            &next,
            Outcome::Succeeded,
            None,
            message.document.as_ref(),
            now,
        )?;
        return Some(RecordedAttempt {
            summary,
            record: None,
            next_step: NextStep::Close(Box::new(closed)),
        });
    };
    let record = Some(AttemptRecord {
        key: state.key.clone(),
        delivery_id: open.delivery_id,
        stage_id: open.stage_id,
        version: state.version,
        summary: summary.clone(),
        request_bytes: answer.request_bytes,
        response_excerpt: answer.response_excerpt.clone(),
        detail: answer.detail.clone(),
    });
    let hint = answer
        .retry_after
        .filter(|_| matches!(answer.result, Ok(429 | 503)));
    let delay = config.filter(|_| is_retriable(reason)).and_then(|config| {
        Policy::of(config).delay_after(open.attempt, open.delivery_id, hint, now)
    });
    let next_step = if let Some(delay) = delay {
        delivery.attempt = open.attempt + 1;
        delivery.next_at = now.plus(delay);
        let attempt = delivery.attempt;
        next.status = Status::Queued;
        next.version += 1;
        next.updated_at = now;
        let delivery = Delivery {
            attempt,
            ..message.clone()
        };
        NextStep::Retry {
            next: Box::new(next),
            delivery: Box::new(delivery),
        }
    } else {
        let document = message.document.as_ref();
        let closed = close(
            workflow,
            &next,
            Outcome::Failed,
            Some(reason),
            document,
            now,
        )?;
        NextStep::Close(Box::new(closed))
    };
    Some(RecordedAttempt {
        summary,
        record,
        next_step,
    })
}

/// Why the answer counts as a failure; none for a 2xx.
fn failure(answer: &Answer) -> Option<Reason> {
    match answer.result {
        Ok(200..=299) => None,
        Ok(300..=399) => Some(Reason::Redirect),
        Ok(410) => Some(Reason::Gone),
        Ok(_) => Some(Reason::HttpStatus),
        Err(reason) => Some(reason),
    }
}

/// Whether another call might be answered differently.
const fn is_retriable(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::HttpStatus
            | Reason::Redirect
            | Reason::Timeout
            | Reason::ConnectTimeout
            | Reason::Dns
            | Reason::Connect
            | Reason::Tls
            | Reason::ConnectionClosed
            | Reason::InvalidResponse
            | Reason::SecretMissing
            | Reason::DocumentTooLarge
    )
}
