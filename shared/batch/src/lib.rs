//! An SQS event, record by record: what every queue-driven function shares.
//!
//! A record's trouble is its own (invariant 10): one that cannot be read, fails or even panics comes
//! back to its queue, and the others go through.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::{FutureExt, StreamExt, stream};

/// One record of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// SQS's id of the message; never empty.
    pub message_id: String,
    /// The message body; empty when the record has none.
    pub body: String,
    /// How often the message was received, this time included; 0 when SQS does not say.
    pub receive_count: u32,
    /// The ARN of the queue it came from; empty when SQS does not say.
    pub source_arn: String,
}

/// The event cannot be answered record by record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// An empty `itemIdentifier` makes SQS return the whole batch without saying why; so does this
    /// error, on purpose and by name.
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

/// Why a record goes back to its queue: a stable code, and a line without secrets or payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable machine code.
    pub code: &'static str,
    /// One line for the log.
    pub message: String,
    /// Whose record it is, where it could be read.
    pub subject: Option<Box<Subject>>,
}

/// Whose record it is: the log is searched by these.
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
    /// From a line of one's own.
    pub fn new(code: &'static str, message: impl fmt::Display) -> Self {
        Self {
            code,
            message: message.to_string(),
            subject: None,
        }
    }

    /// From an error that has a code, with its causes: the log is where they are looked for.
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
        }
    }

    /// With whose record it is.
    #[must_use]
    pub fn about(self, subject: impl Into<Option<Subject>>) -> Self {
        let subject = subject.into().map(Box::new);
        Self { subject, ..self }
    }
}

/// Takes the event apart.
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
    Ok(Record {
        message_id,
        body: message.body.unwrap_or_default(),
        receive_count,
        source_arn: message.event_source_arn.unwrap_or_default(),
    })
}

/// Handles the records, at most `concurrency` at a time; results in the order of the records.
///
/// A panic in one is its failure alone.
pub async fn each<T, Fut>(
    records: Vec<Record>,
    concurrency: usize,
    handle: impl Fn(Record) -> Fut,
) -> Vec<(String, Result<T, Failure>)>
where
    Fut: Future<Output = Result<T, Failure>>,
{
    stream::iter(records)
        .map(|record| {
            let message_id = record.message_id.clone();
            let handled = AssertUnwindSafe(handle(record)).catch_unwind();
            async move {
                let result = handled.await.unwrap_or_else(|_| {
                    Err(Failure::new(
                        "panic",
                        "the function panicked on this record",
                    ))
                });
                (message_id, result)
            }
        })
        .buffered(concurrency.max(1))
        .collect()
        .await
}

/// The answer: the failed records go back to their queue, the others are deleted.
///
/// `went_back` is told of each failure: to Lambda the invocation succeeded, and its metrics show none.
pub fn response<T>(
    results: &[(String, Result<T, Failure>)],
    went_back: impl Fn(&Failure),
) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for (message_id, result) in results {
        if let Err(failure) = result {
            let subject = failure.subject.as_ref();
            tracing::warn!(
                message_id,
                team = subject.map(|subject| &*subject.team),
                item_id = subject.map(|subject| &*subject.item_id),
                stage_id = subject.map(|subject| &*subject.stage_id),
                delivery_id = subject.and_then(|subject| subject.delivery_id.as_deref()),
                code = failure.code,
                reason = failure.message,
                "record goes back to its queue"
            );
            went_back(failure);
            let mut item = BatchItemFailure::default();
            item.item_identifier.clone_from(message_id);
            response.batch_item_failures.push(item);
        }
    }
    response
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
        let results = each(records, 4, async |record: Record| {
            match record.body.as_str() {
                "3" => Err(Failure::new("bad", "no")),
                "7" => panic!("a bug"),
                _ => Ok(()),
            }
        })
        .await;
        let counted = std::cell::RefCell::new(Vec::new());
        let response = response(&results, |failure| counted.borrow_mut().push(failure.code));
        assert_eq!(counted.into_inner(), ["bad", "panic"]);
        let failed: Vec<_> = response
            .batch_item_failures
            .iter()
            .map(|f| f.item_identifier.as_str())
            .collect();
        assert_eq!(failed, ["m3", "m7"]);
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
        let results = each(records, 3, async |_| {
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
