//! Settles messages once their function has answered: deletes them, or returns them to the queue.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use delivery::ports::{PortError, Receive, Received};

use super::{MAX_POLL_INTERVAL, Poller};

impl Poller {
    /// Deletes the messages that were handled, and returns those that failed to the queue, each with whether
    /// this receive counts towards the limit after which it is a dead letter.
    pub(super) async fn settle(&self, messages: Vec<Received>, failed: &HashMap<String, bool>) {
        let (engine, queue) = (self.ports.engine(), self.queue);
        let (mut done, mut counted, mut uncounted) = (Vec::new(), Vec::new(), Vec::new());
        for message in messages {
            match failed.get(&message.message_id.to_string()) {
                None => done.push(message),
                Some(true) => counted.push(message),
                Some(false) => uncounted.push(message),
            }
        }
        self.insist(&done, || engine.delete(queue, &done)).await;
        let delay = delay_of(&counted);
        self.insist(&counted, || engine.release(queue, &counted, delay))
            .await;
        let delay = delay_of(&uncounted);
        let release = || engine.release_uncounted(queue, &uncounted, delay);
        self.insist(&uncounted, release).await;
    }

    /// Tries until the database accepts it, since a message that is not settled stays hidden for its whole
    /// visibility timeout. Once the pollers are stopped it gives up: the next process to open the directory
    /// makes such messages visible again.
    async fn insist<F>(&self, messages: &[Received], settle: impl Fn() -> F)
    where
        F: Future<Output = Result<usize, PortError>>,
    {
        let mut stopped = self.stopped.clone();
        while !messages.is_empty() {
            let Err(error) = settle().await else {
                return;
            };
            let queue = self.queue.name();
            tracing::error!(queue, %error, "messages could not be settled");
            if *stopped.borrow() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(MAX_POLL_INTERVAL) => {}
                changed = stopped.changed() => if changed.is_err() { return },
            }
        }
    }
}

/// The delay before a failed message is visible again: the more often it was received, the longer.
fn delay_of(messages: &[Received]) -> Duration {
    let receives = messages.iter().map(|message| message.receive_count);
    Duration::from_secs(u64::from(receives.max().unwrap_or(0).min(5)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use delivery::ports::{Clock, FileStates, Outgoing, Queue, Receive, SendMessages, SystemClock};
    use delivery::{Delivery, DeliveryState, FileState, Status, Task, Visit};
    use embedded::{Engine, Options};
    use uuid::Uuid;
    use webhook::{CallerConfig, WebhookCaller};
    use workflow::{Actor, Role};

    use crate::runner::poller::{PollSettings, Pollers};
    use crate::runner::ports::Local;
    use crate::terminal::progress::Progress;

    /// An attempt's message, and the file's record that another sender claimed a second ago.
    fn claimed() -> (Delivery, FileState) {
        let now = SystemClock.now();
        let then = delivery::Timestamp::from_millis(now.as_millis() - 1000);
        let id = Uuid::from_u128(1);
        let message = Delivery {
            delivery_id: id,
            team: "t".to_owned(),
            item_id: id,
            workflow_id: id,
            stage_id: id,
            task: Task::Attempt(1),
            document: None,
            lane: delivery::control::Lane::Fast,
            snapshot: None,
        };
        let visit = Visit {
            id,
            stage_id: id,
            sequence: 1,
            entered_at: then,
            assigned_by: Actor::User {
                id: None,
                role: Role::Admin,
            },
            assignee: None,
        };
        let state = FileState {
            key: message.key(),
            workflow_id: id,
            version: 1,
            status: Status::Sending,
            delivery: Some(DeliveryState {
                lease_until: Some(now.plus(Duration::from_secs(600))),
                claim_id: Some(id),
                ..DeliveryState::open(&visit, then)
            }),
            visit,
            passed: std::collections::BTreeSet::new(),
            hops: 1,
            updated_at: then,
        };
        (message, state)
    }

    /// Otherwise a second message of the same attempt would become a dead letter during a long call.
    #[tokio::test]
    async fn a_message_that_meets_anothers_claim_is_not_used_up() {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        let (message, state) = claimed();
        engine.put(&state).await.unwrap();
        let delay = Duration::ZERO;
        for sent in engine.send(vec![Outgoing { message, delay }]).await {
            sent.unwrap();
        }
        let caller = WebhookCaller::new(CallerConfig::default()).unwrap();
        let ports = Local::new(engine.clone(), caller, Arc::new(Progress::new(1)));
        let settings = PollSettings {
            concurrency: 1,
            sender: sender::Settings::default(),
        };
        let pollers = Pollers::start(&ports, settings);
        while engine.depth(Queue::Deliveries).await.unwrap().delayed == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        pollers.stop().await;
        let again = loop {
            let visibility = Duration::from_secs(60);
            let received = engine
                .receive(Queue::Deliveries, 1, visibility, |_| 1)
                .await;
            if let Some(message) = received.unwrap().pop() {
                break message;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert_eq!(again.receive_count, 1);
    }
}
