use std::marker::PhantomData;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use aws_types::SdkConfig;
use delivery::ports::{Outgoing, PortError, PortErrorKind, SendMessages};
use delivery::{DeadLetter, Grouped, MAX_BODY};

use crate::agent::Agent;
use crate::error::{kind, port_error};

/// The most entries of one `SendMessageBatch`.
const ENTRIES: usize = 10;

/// How often an entry is sent before its failure is reported, with a longer pause before each new try.
const ROUNDS: u32 = 3;

/// The first pause.
const PAUSE: Duration = Duration::from_millis(100);

/// A standard queue. `MessageGroupId` makes it a fair queue: a stage with many messages in flight waits for
/// others.
#[derive(Debug)]
pub struct Queue<M> {
    pub(crate) client: Client,
    pub(crate) url: String,
    message: PhantomData<fn(M)>,
}

impl<M> Clone for Queue<M> {
    fn clone(&self) -> Self {
        self.beside(self.url.clone())
    }
}

impl<M> Queue<M> {
    /// The queue at this URL.
    #[must_use]
    pub fn new(config: &SdkConfig, url: impl Into<String>) -> Self {
        let config = Builder::from(config).interceptor(Agent);
        Self {
            client: Client::from_conf(config.build()),
            url: url.into(),
            message: PhantomData,
        }
    }

    /// Another queue, by the same client: setting up one of its own takes as long as a request.
    #[must_use]
    pub fn beside<N>(&self, url: impl Into<String>) -> Queue<N> {
        Queue {
            client: self.client.clone(),
            url: url.into(),
            message: PhantomData,
        }
    }

    /// Opens a connection before the first message needs it, by sending an empty batch: SQS refuses it at once,
    /// and it needs no other permission than to send.
    pub async fn warm(&self) {
        let batch = self.client.send_message_batch().queue_url(&self.url);
        let _ = batch.set_entries(Some(Vec::new())).send().await;
    }
}

struct Entry {
    index: usize,
    body: String,
    group: Option<String>,
    delay: i32,
}

impl<M: Grouped> SendMessages<M> for Queue<M> {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        let mut results: Vec<Result<(), PortError>> = Vec::with_capacity(messages.len());
        let mut waiting = Vec::with_capacity(messages.len());
        for (index, outgoing) in messages.iter().enumerate() {
            match entry(index, outgoing) {
                Ok(entry) => {
                    waiting.push(entry);
                    results.push(Err(PortError::new(
                        PortErrorKind::Unavailable,
                        "send messages",
                    )));
                }
                Err(error) => results.push(Err(error)),
            }
        }
        for round in 0..ROUNDS {
            if round > 0 {
                tokio::time::sleep(PAUSE * round).await;
            }
            let mut failed = Vec::new();
            for batch in batches(waiting) {
                failed.extend(self.send_batch(batch, &mut results).await);
            }
            waiting = failed;
            if waiting.is_empty() {
                break;
            }
        }
        results
    }
}

impl<M> Queue<M> {
    /// Sends one batch, stores the result of each entry, and returns the entries that may be sent again.
    async fn send_batch(
        &self,
        batch: Vec<Entry>,
        results: &mut [Result<(), PortError>],
    ) -> Vec<Entry> {
        let entries = batch.iter().filter_map(|entry| {
            SendMessageBatchRequestEntry::builder()
                .id(entry.index.to_string())
                .message_body(&entry.body)
                .set_message_group_id(entry.group.clone())
                .delay_seconds(entry.delay)
                .build()
                .ok()
        });
        let request = self.client.send_message_batch().queue_url(&self.url);
        let answer = match request.set_entries(Some(entries.collect())).send().await {
            Ok(answer) => answer,
            Err(error) => {
                for entry in &batch {
                    results[entry.index] = Err(port_error("send messages", &error));
                }
                // The SDK has already tried this again.
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        for entry in batch {
            let id = entry.index.to_string();
            if answer.successful.iter().any(|sent| sent.id == id) {
                results[entry.index] = Ok(());
                continue;
            }
            let failure = answer.failed.iter().find(|failed| failed.id == id);
            let code = failure.map_or("no answer for this entry", |failed| failed.code.as_str());
            let error = PortError::caused(kind(code), "send messages", code.to_owned());
            results[entry.index] = Err(error);
            if failure.is_none_or(|failed| !failed.sender_fault) {
                again.push(entry);
            }
        }
        again
    }
}

fn entry<M: Grouped>(index: usize, outgoing: &Outgoing<M>) -> Result<Entry, PortError> {
    let body = outgoing.body()?;
    Ok(Entry {
        index,
        body,
        group: outgoing.message.group(),
        delay: whole_seconds(outgoing.delay),
    })
}

/// Rounds up, because a message may come late but never early.
pub(crate) fn whole_seconds(delay: Duration) -> i32 {
    let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    i32::try_from(seconds).unwrap_or(900)
}

/// Splits entries into batches of at most ten entries and 1 MiB.
fn batches(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut batches: Vec<Vec<Entry>> = Vec::new();
    let mut size = 0;
    for entry in entries {
        let fits = batches
            .last()
            .is_some_and(|batch| batch.len() < ENTRIES && size + entry.body.len() <= MAX_BODY);
        if !fits {
            batches.push(Vec::new());
            size = 0;
        }
        size += entry.body.len();
        if let Some(batch) = batches.last_mut() {
            batch.push(entry);
        }
    }
    batches
}

/// A parked dead letter that was received.
#[derive(Debug)]
pub struct Parked {
    /// Its message's id.
    pub message_id: String,
    /// The receipt handle to delete it by once it is redriven.
    pub receipt: String,
    /// The letter; none if it cannot be read.
    pub letter: Option<DeadLetter>,
}

/// Receives up to ten parked dead letters. They are visible on the queue again after `visibility`, or after the
/// queue's own visibility timeout.
///
/// # Errors
/// [`PortError`] when the queue fails.
pub async fn parked(
    queue: &Queue<DeadLetter>,
    visibility: Option<Duration>,
) -> Result<Vec<Parked>, PortError> {
    let got = queue
        .client
        .receive_message()
        .queue_url(&queue.url)
        .max_number_of_messages(10)
        .wait_time_seconds(1)
        .set_visibility_timeout(visibility.map(whole_seconds))
        .send()
        .await
        .map_err(|error| port_error("receive dead letters", &error))?;
    let letters = got
        .messages
        .unwrap_or_default()
        .into_iter()
        .filter_map(|message| {
            let letter = message
                .body
                .as_deref()
                .and_then(|body| serde_json::from_str(body).ok());
            Some(Parked {
                message_id: message.message_id?,
                receipt: message.receipt_handle?,
                letter,
            })
        });
    Ok(letters.collect())
}

/// Deletes a parked dead letter that was redriven.
///
/// # Errors
/// [`PortError`] when the queue fails.
pub async fn unpark(queue: &Queue<DeadLetter>, receipt: &str) -> Result<(), PortError> {
    let delete = queue
        .client
        .delete_message()
        .queue_url(&queue.url)
        .receipt_handle(receipt);
    delete
        .send()
        .await
        .map(|_| ())
        .map_err(|error| port_error("delete a dead letter", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(sizes: &[usize]) -> Vec<Entry> {
        let entry = |(index, size): (usize, &usize)| Entry {
            index,
            body: "x".repeat(*size),
            group: None,
            delay: 0,
        };
        sizes.iter().enumerate().map(entry).collect()
    }

    #[test]
    fn a_batch_has_ten_entries_and_a_mebibyte_at_most() {
        let lengths = |sizes: &[usize]| -> Vec<usize> {
            batches(entries(sizes)).iter().map(Vec::len).collect()
        };
        assert_eq!(lengths(&[1; 25]), [10, 10, 5]);
        assert_eq!(lengths(&[MAX_BODY, 1, MAX_BODY - 1, 1]), [1, 2, 1]);
        assert!(lengths(&[]).is_empty());
    }

    #[test]
    fn delays_are_rounded_up_to_whole_seconds() {
        let seconds = |millis| whole_seconds(Duration::from_millis(millis));
        assert_eq!([0, 1, 1000, 1001, 900_000].map(seconds), [0, 1, 1, 2, 900]);
    }
}
