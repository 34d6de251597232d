use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};
use delivery::ports::{Observation, Observer};

use crate::failure::Failure;
use crate::record::Record;

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
    /// Each failure is counted as one of `function` (its short name, such as `sender`), because for Lambda the
    /// invocation succeeded and its own metrics do not show the failure.
    pub fn new<T>(
        function: &'static str,
        records: Vec<Record>,
        results: Vec<Result<T, Failure>>,
        observer: &impl Observer,
    ) -> Self {
        let mut failed = Vec::new();
        for (record, result) in records.into_iter().zip(results) {
            if let Err(failure) = result {
                log(&record, &failure);
                let code = failure.code;
                observer.observe(Observation::BatchItemFailure { function, code });
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
        item_id = subject.map(|subject| tracing::field::display(subject.item_id)),
        stage_id = subject.map(|subject| tracing::field::display(subject.stage_id)),
        delivery_id = subject
            .and_then(|subject| subject.delivery_id)
            .map(tracing::field::display),
        code = failure.code,
        reason = failure.message,
        "record goes back to its queue"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(receive_count: u32, retry_after: Option<u64>) -> Failed {
        let record = Record {
            message_id: "m".to_owned(),
            body: "{}".to_owned(),
            receive_count,
            source_arn: String::new(),
            receipt_handle: String::new(),
            group: None,
        };
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
}
