use std::time::Duration;

use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use aws_types::SdkConfig;
use batch::{Answer, Failed, Return, SqsBatchResponse};
use delivery::Grouped;
use delivery::format::Formatted;
use delivery::ports::{Outgoing, SendMessages};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::port_error;
use crate::queue::{Queue, whole_seconds};

/// The most entries of one `ChangeMessageVisibilityBatch`.
const ENTRIES: usize = 10;

/// The longest time for it, because the whole batch comes back if the invocation runs out of time.
const LONGEST: Duration = Duration::from_secs(3);

/// The queues that a function's messages come from.
///
/// Without further action a failed record comes back when its visibility timeout ends, minutes later, and
/// becomes a dead letter after five receives, so that an hour of throttling would make healthy files fail. If the
/// message is not the cause, it is made to come back sooner, and sent as a new copy before its receives are used
/// up.
#[derive(Clone, Debug)]
pub struct SourceQueue {
    first: Source,
    others: Vec<Source>,
}

/// What is sent to it are copies.
#[derive(Clone, Debug)]
struct Source(Queue<Renewed>);

/// A message that is sent again unchanged.
#[derive(Debug)]
struct Renewed {
    body: Box<RawValue>,
    group: Option<String>,
}

impl Serialize for Renewed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.body.serialize(serializer)
    }
}

/// Its body has its own format.
impl Formatted for Renewed {
    const WHAT: &'static str = "copy";
    const FORMAT: u64 = 1;
}

impl Grouped for Renewed {
    fn group(&self) -> Option<String> {
        self.group.clone()
    }
}

impl SourceQueue {
    /// The queue at this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        Self {
            first: Source(Queue::new(config, url)),
            others: Vec::new(),
        }
    }

    /// The queue at this URL, by the same client as another.
    #[must_use]
    pub fn beside<M>(queue: &Queue<M>, url: impl Into<String>) -> Self {
        Self {
            first: Source(queue.beside(url)),
            others: Vec::new(),
        }
    }

    /// And the queue at this URL: the function has an event source mapping for each.
    #[must_use]
    pub fn and(mut self, url: impl Into<String>) -> Self {
        self.others.push(Source(self.first.0.beside(url)));
        self
    }

    /// Makes failed records come back in due time, and returns the answer for Lambda. If SQS refuses that for a
    /// record, it comes back when its visibility timeout ends.
    pub async fn settle(&self, answer: Answer) -> SqsBatchResponse {
        let plain = answer.response();
        let Some(failed) = answer.failed.first() else {
            return plain;
        };
        // All records of an event are from one queue.
        let source = self.source(&failed.record.source_arn);
        let settled = tokio::time::timeout(LONGEST, source.bring_back(answer)).await;
        settled.unwrap_or(plain)
    }

    fn source(&self, arn: &str) -> &Source {
        let is_it = |source: &&Source| source.is_at(arn);
        self.others.iter().find(is_it).unwrap_or(&self.first)
    }
}

impl Source {
    /// Whether this is the queue with this ARN: both end with its name.
    fn is_at(&self, arn: &str) -> bool {
        let name = arn.rsplit(':').next();
        name.is_some() && name == self.0.url.rsplit('/').next()
    }

    async fn bring_back(&self, answer: Answer) -> SqsBatchResponse {
        let mut kept = Vec::with_capacity(answer.failed.len());
        let (mut sooner, mut renewed) = (Vec::new(), Vec::new());
        for failed in answer.failed {
            match failed.comes_back() {
                Return::Counted => kept.push(failed),
                Return::Sooner(wait) => sooner.push((failed, wait)),
                Return::Renewed(wait) => renewed.push((failed, wait)),
            }
        }
        sooner.extend(self.renew(renewed).await);
        for entries in sooner.chunks(ENTRIES) {
            self.come_back_sooner(entries).await;
        }
        kept.extend(sooner.into_iter().map(|(failed, _)| failed));
        Answer { failed: kept }.response()
    }

    /// Sends copies, and returns those that could not be sent.
    async fn renew(&self, renewed: Vec<(Failed, Duration)>) -> Vec<(Failed, Duration)> {
        let (mut left, mut sent, mut copies) = (Vec::new(), Vec::new(), Vec::new());
        for (failed, wait) in renewed {
            // A record that failed because of the engine was already read as JSON.
            let Ok(body) = RawValue::from_string(failed.record.body.clone()) else {
                left.push((failed, wait));
                continue;
            };
            copies.push(Outgoing {
                message: Renewed {
                    body,
                    group: failed.record.group.clone(),
                },
                delay: wait.min(delivery::retry::MAX_MESSAGE_DELAY),
            });
            sent.push((failed, wait));
        }
        if !copies.is_empty() {
            let results = self.0.send(copies).await.into_iter();
            let refused = sent
                .into_iter()
                .zip(results)
                .filter(|(_, sent)| sent.is_err());
            left.extend(refused.map(|(failed, _)| failed));
        }
        left
    }

    async fn come_back_sooner(&self, entries: &[(Failed, Duration)]) {
        let change = entries.iter().enumerate();
        let change = change.filter_map(|(index, (failed, wait))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(&failed.record.receipt_handle)
                .visibility_timeout(whole_seconds(*wait))
                .build()
                .ok()
        });
        let request = self.0.client.change_message_visibility_batch();
        let request = request
            .queue_url(&self.0.url)
            .set_entries(Some(change.collect()));
        if let Err(error) = request.send().await {
            let error = port_error("change the visibility of records", &error);
            tracing::warn!(%error, "failed records come back when their visibility timeout ends");
        }
    }
}
