//! Handles an SQS event record by record, for every function that reads from a queue.
//!
//! Records fail independently (invariant 10): a record that cannot be read, fails or even panics goes back to
//! its queue, and the others are handled. [`records`] takes an event apart, [`each`] handles the records
//! concurrently, and the answer names the records that failed.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

pub use aws_lambda_events::sqs::SqsBatchResponse;
use aws_lambda_events::sqs::{BatchItemFailure, SqsEvent, SqsMessage};
use futures_util::{FutureExt, StreamExt, stream};

/// One record of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// SQS's id of the message; never empty.
    pub message_id: String,
    /// The message body; empty when the record has none.
    pub body: String,
    /// How often the message was received, including this time; 0 when SQS does not say.
    pub receive_count: u32,
    /// The ARN of the queue it came from; empty when SQS does not say.
    pub source_arn: String,
    /// The receipt handle of this receive; empty when SQS does not say.
    pub receipt_handle: String,
    /// The message group, where the message has one.
    pub group: Option<String>,
}

/// The event cannot be answered record by record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A record has no id. An answer with an empty `itemIdentifier` would silently return the whole batch to
    /// the queue; this error does the same, but says why.
    #[error("record {0} of the SQS event has no messageId, so the whole batch goes back")]
    NoMessageId(usize),
}

impl BatchError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoMessageId(_) => "no_message_id",
        }
    }
}

/// Why a record goes back to its queue: a stable code, and a message without secrets or payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable machine code.
    pub code: &'static str,
    /// One line for the log.
    pub message: String,
    /// What the record is about, if it could be read.
    pub subject: Option<Box<Subject>>,
    /// Set if the message is not the cause: how long to wait before it is tried again, without counting this
    /// receive towards the dead-letter queue.
    pub retry_after: Option<Duration>,
}

/// What a record is about. These are fields of the log, to search by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The team's slug.
    pub team: String,
    /// The item.
    pub item_id: String,
    /// The stage.
    pub stage_id: String,
    /// The delivery; an assignment has none yet.
    pub delivery_id: Option<String>,
}

impl Failure {
    /// A failure with this code and message.
    pub fn new(code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            subject: None,
            retry_after: None,
        }
    }

    /// A failure from an error with a code; the message includes the causes, since people look for them in the
    /// log.
    pub fn of(code: &'static str, error: &(dyn Error + 'static)) -> Self {
        let mut message = error.to_string();
        let mut next = error.source();
        while let Some(cause) = next {
            message.push_str(": ");
            message.push_str(&cause.to_string());
            next = cause.source();
        }
        Self {
            code,
            message,
            subject: None,
            retry_after: None,
        }
    }

    /// Sets how long to wait after an error that the message did not cause.
    #[must_use]
    pub fn retry_after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// Sets what the record is about.
    #[must_use]
    pub fn about(self, subject: impl Into<Option<Subject>>) -> Self {
        let subject = subject.into().map(Box::new);
        Self { subject, ..self }
    }
}

/// Splits the event into records.
///
/// # Errors
/// [`BatchError::NoMessageId`] when a record could not be named in the answer.
pub fn records(event: SqsEvent) -> Result<Vec<Record>, BatchError> {
    event
        .records
        .into_iter()
        .enumerate()
        .map(|(index, message)| record(index, message))
        .collect()
}

fn record(index: usize, message: SqsMessage) -> Result<Record, BatchError> {
    let message_id = message
        .message_id
        .filter(|id| !id.is_empty())
        .ok_or(BatchError::NoMessageId(index))?;
    let receive_count = message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    let mut attributes = message.attributes;
    Ok(Record {
        message_id,
        body: message.body.unwrap_or_default(),
        receive_count,
        source_arn: message.event_source_arn.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        group: attributes.remove("MessageGroupId"),
    })
}

/// Handles the records, at most `concurrency` at a time. The results are in the order of the records.
///
/// A panic fails only the record in which it happens.
pub async fn each<'a, T, Fut>(
    records: &'a [Record],
    concurrency: usize,
    handle: impl Fn(&'a Record) -> Fut,
) -> Vec<Result<T, Failure>>
where
    Fut: Future<Output = Result<T, Failure>>,
{
    let handled: Vec<_> = records
        .iter()
        .map(|record| {
            let handled = AssertUnwindSafe(handle(record)).catch_unwind();
            async move {
                handled.await.unwrap_or_else(|_| {
                    let what = "the function panicked on this record";
                    Err(Failure::new("panic", what))
                })
            }
        })
        .collect();
    stream::iter(handled)
        .buffered(concurrency.max(1))
        .collect()
        .await
}

/// A function's answer to a batch: the records that go back to their queue. All others are deleted.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The failed records, in order.
    pub failed: Vec<Failed>,
}

/// A record that goes back to its queue.
#[derive(Debug, PartialEq, Eq)]
pub struct Failed {
    /// The record.
    pub record: Record,
    /// See [`Failure::retry_after`].
    pub retry_after: Option<Duration>,
}

/// The number of receives after which a message that is not the cause of its failure is sent as a new copy. It
/// must be fewer than five, after which the message would be a dead letter: at its last receive a message must
/// keep its whole visibility timeout, because a function that received it earlier may still be running.
const RENEWED_FROM: u32 = 3;

/// The shortest delay of such a copy.
const RENEWED_AFTER: Duration = Duration::from_secs(60);

/// How a failed record comes back to its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// When its visibility timeout ends. The receive counts.
    Counted,
    /// After this delay. The receive counts, but enough receives are left.
    Sooner(Duration),
    /// As a copy with this delay, sent in place of the message. Its receives are counted from zero.
    Renewed(Duration),
}

impl Failed {
    /// How it comes back.
    #[must_use]
    pub fn comes_back(&self) -> Return {
        let Some(after) = self.retry_after else {
            return Return::Counted;
        };
        // So that messages which failed together do not all come back together.
        let spread = self.record.message_id.bytes().fold(0, |sum: u32, byte| {
            sum.wrapping_mul(31).wrapping_add(byte.into())
        });
        let jitter = |wait: Duration| wait + wait * (spread % 256) / 1024;
        let count = self.record.receive_count;
        if count < RENEWED_FROM {
            Return::Sooner(jitter(after * count.max(1)))
        } else {
            Return::Renewed(jitter(after.max(RENEWED_AFTER)))
        }
    }
}

impl Answer {
    /// Builds the answer from the records and their results, one for each record.
    ///
    /// `item_failed` is called for each failure, because for Lambda the invocation succeeded and its own metrics
    /// do not show the failure.
    pub fn new<T>(
        records: Vec<Record>,
        results: Vec<Result<T, Failure>>,
        item_failed: impl Fn(&Failure),
    ) -> Self {
        let mut failed = Vec::new();
        for (record, result) in records.into_iter().zip(results) {
            if let Err(failure) = result {
                log(&record, &failure);
                item_failed(&failure);
                failed.push(Failed {
                    record,
                    retry_after: failure.retry_after,
                });
            }
        }
        Self { failed }
    }

    /// The answer that Lambda's event source mapping reads: each failed record comes back when its visibility
    /// timeout ends.
    #[must_use]
    pub fn response(&self) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for failed in &self.failed {
            let mut item = BatchItemFailure::default();
            item.item_identifier.clone_from(&failed.record.message_id);
            response.batch_item_failures.push(item);
        }
        response
    }
}

fn log(record: &Record, failure: &Failure) {
    let subject = failure.subject.as_ref();
    tracing::warn!(
        message_id = record.message_id,
        team = subject.map(|subject| &*subject.team),
        item_id = subject.map(|subject| &*subject.item_id),
        stage_id = subject.map(|subject| &*subject.stage_id),
        delivery_id = subject.and_then(|subject| subject.delivery_id.as_deref()),
        code = failure.code,
        reason = failure.message,
        "record goes back to its queue"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: Option<&str>, body: &str) -> SqsMessage {
        let mut message = SqsMessage::default();
        message.message_id = id.map(str::to_owned);
        message.body = Some(body.to_owned());
        message
    }

    fn event(messages: Vec<SqsMessage>) -> SqsEvent {
        let mut event = SqsEvent::default();
        event.records = messages;
        event
    }

    #[test]
    fn a_record_without_an_id_fails_the_batch_by_name() {
        let event = event(vec![message(Some("a"), "1"), message(None, "2")]);
        assert_eq!(records(event), Err(BatchError::NoMessageId(1)));
        let event = self::event(vec![message(Some(""), "1")]);
        assert_eq!(records(event), Err(BatchError::NoMessageId(0)));
    }

    #[tokio::test]
    async fn one_bad_record_of_ten_is_the_only_one_to_go_back() {
        let all = (0..10)
            .map(|i| message(Some(&format!("m{i}")), &i.to_string()))
            .collect();
        let records = records(event(all)).expect("ids are there");
        let results = each(&records, 4, async |record: &Record| {
            match record.body.as_str() {
                "3" => Err(Failure::new("bad", "no")),
                "7" => panic!("a bug"),
                _ => Ok(()),
            }
        })
        .await;
        let counted = std::cell::RefCell::new(Vec::new());
        let answer = Answer::new(records, results, |failure| {
            counted.borrow_mut().push(failure.code);
        });
        let response = answer.response();
        assert_eq!(counted.into_inner(), ["bad", "panic"]);
        let failed: Vec<_> = response
            .batch_item_failures
            .iter()
            .map(|f| f.item_identifier.as_str())
            .collect();
        assert_eq!(failed, ["m3", "m7"]);
    }

    fn failed(receive_count: u32, retry_after: Option<u64>) -> Failed {
        let message = message(Some("m"), "{}");
        let mut record = record(0, message).expect("it has an id");
        record.receive_count = receive_count;
        let retry_after = retry_after.map(Duration::from_secs);
        Failed {
            record,
            retry_after,
        }
    }

    /// As SQS has it: a message that was received five times and comes back is a dead letter.
    #[test]
    fn an_hour_of_throttling_makes_no_dead_letter_and_no_rush() {
        let (mut now, mut receives, mut looks) = (Duration::ZERO, 0, 0);
        while now < Duration::from_secs(3600) {
            receives += 1;
            looks += 1;
            assert!(receives < 5, "a dead letter after {now:?}");
            match failed(receives, Some(5)).comes_back() {
                Return::Counted => panic!("the receive is charged to the message"),
                Return::Sooner(wait) => now += wait,
                Return::Renewed(wait) => {
                    now += wait;
                    receives = 0;
                }
            }
        }
        assert!((60..=180).contains(&looks), "{looks} receives an hour");
    }

    #[test]
    fn a_message_at_fault_becomes_a_dead_letter() {
        for receives in 1..=5 {
            assert_eq!(failed(receives, None).comes_back(), Return::Counted);
        }
    }

    #[tokio::test]
    async fn no_more_than_the_bound_run_at_once() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        let running = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let all = (0..20)
            .map(|i| message(Some(&format!("m{i}")), ""))
            .collect();
        let records = records(event(all)).expect("ids are there");
        let results = each(&records, 3, async |_: &Record| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            running.fetch_sub(1, Ordering::SeqCst);
            Ok(())
        })
        .await;
        assert_eq!(results.len(), 20);
        assert_eq!(most.load(Ordering::SeqCst), 3);
    }
}
