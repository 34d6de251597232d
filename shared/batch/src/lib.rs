//! Handles an SQS event record by record, for every function that reads from a queue.
//!
//! Records fail independently (invariant 10): a record that cannot be read, fails or even panics goes back to
//! its queue, and the others are handled. [`records`] takes an event apart, [`each`] handles the records
//! concurrently, and the [`Answer`] names the records that failed.

mod answer;
mod failure;
mod record;

use std::future::Future;
use std::panic::AssertUnwindSafe;

pub use answer::{Answer, Failed, Return};
pub use aws_lambda_events::sqs::SqsBatchResponse;
pub use failure::{Failure, Subject};
use futures_util::{FutureExt, StreamExt, stream};
pub use record::{BatchError, Record, records};

/// Handles the records, or what was read from each, at most `concurrency` at a time. The results are in their order.
///
/// A panic fails only the record in which it happens.
pub async fn each<'a, I, T, Fut>(
    records: &'a [I],
    concurrency: usize,
    handle: impl Fn(&'a I) -> Fut,
) -> Vec<Result<T, Failure>>
where
    Fut: Future<Output = Result<T, Failure>>,
{
    let handled: Vec<_> = records
        .iter()
        .map(|record| {
            // Boxed here, because it is moved several times before it runs, and some are many KB.
            let handled = AssertUnwindSafe(Box::pin(handle(record))).catch_unwind();
            async move { handled.await.unwrap_or_else(|_| Err(Failure::panic())) }
        })
        .collect();
    stream::iter(handled)
        .buffered(concurrency.max(1))
        .collect()
        .await
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
    use delivery::Delivery;
    use delivery::ports::{Observation, Observer};

    use super::*;

    #[derive(Default)]
    struct Counted(Mutex<Vec<&'static str>>);

    impl Observer for Counted {
        fn observe(&self, observation: Observation<'_>) {
            if let Observation::BatchItemFailure { code, .. } = observation {
                self.0.lock().unwrap().push(code);
            }
        }
    }

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
                "3" => Err(Delivery::parse("no").unwrap_err().into()),
                "7" => panic!("a bug"),
                _ => Ok(()),
            }
        })
        .await;
        let counted = Counted::default();
        let response = Answer::new("sender", records, results, &counted).response();
        assert_eq!(
            counted.0.into_inner().unwrap(),
            ["invalid_message", "panic"]
        );
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
