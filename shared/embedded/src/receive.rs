use std::future::Future;
use std::time::Duration;

use delivery::Timestamp;
use delivery::control::StageKey;
use delivery::ports::{Group, PortError, Queue, Receive, Received};

use crate::engine::Engine;
use crate::queues::{due_after, now};
use crate::stages::only_of;

impl Receive for Engine {
    async fn receive(
        &self,
        queue: Queue,
        most: usize,
        visibility: Duration,
        room: impl Fn(Group<'_>) -> usize + Send + 'static,
    ) -> Result<Vec<Received>, PortError> {
        let most = most.clamp(1, 10);
        let hidden_until = due_after(visibility);
        // Not flushed, because opening the directory after a crash releases what was in flight anyway.
        let taken = self
            .writer()
            .run_unflushed("receive messages", move |store| {
                store.take(queue, most, (now(), hidden_until), room)
            })
            .await?;
        if taken.has_dead
            && let Some(dead_letters) = queue.dead_letters()
        {
            self.wake(dead_letters);
        }
        if taken.makes_room {
            self.wake(Queue::Assignments);
        }
        Ok(taken.received)
    }

    /// A crash right afterwards may bring deleted messages back: delivery is at least once.
    async fn delete(&self, queue: Queue, messages: &[Received]) -> Result<usize, PortError> {
        let receipts = receipts(messages);
        let (deleted, has_room) = self
            .writer()
            .run_deferred("delete messages", move |store| {
                store.delete(queue, &receipts)
            })
            .await?;
        if has_room {
            self.wake(queue);
        }
        Ok(deleted)
    }

    async fn release(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> Result<usize, PortError> {
        self.give_back(queue, messages, delay, 0).await
    }

    async fn release_uncounted(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> Result<usize, PortError> {
        self.give_back(queue, messages, delay, 1).await
    }

    async fn next_due(
        &self,
        queue: Queue,
        room: impl Fn(Group<'_>) -> usize + Send + 'static,
    ) -> Result<Option<Timestamp>, PortError> {
        let due = self
            .writer()
            .run_unflushed("look for the next message", move |store| {
                Ok(store.next_due(queue, now(), room))
            })
            .await?;
        Ok(due.map(Timestamp::from_millis))
    }

    fn sent(&self, queue: Queue) -> impl Future<Output = ()> + Send {
        self.inner.sent[queue as usize].notified()
    }

    async fn is_idle(&self, paused: &[StageKey]) -> Result<bool, PortError> {
        let others = [
            Queue::Bulk,
            Queue::Assignments,
            Queue::AssignmentsDeadLetters,
            Queue::DeliveriesDeadLetters,
        ];
        let what = "look for messages";
        let (others, deliveries) = self
            .writer()
            .run_unflushed(what, move |store| {
                let others = others.into_iter().all(|queue| store.is_empty(queue));
                Ok((others, store.is_empty(Queue::Deliveries)))
            })
            .await?;
        if !others || deliveries || paused.is_empty() {
            return Ok(others && deliveries);
        }
        let paused = paused.to_vec();
        self.writer()
            .run_folded(what, move |store| only_of(store, &paused))
            .await
    }

    fn fault(&self, longer_than: Duration) -> Option<PortError> {
        self.writer().health().fault(longer_than)
    }
}

impl Engine {
    async fn give_back(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
        uncounted: u32,
    ) -> Result<usize, PortError> {
        let (receipts, due) = (receipts(messages), due_after(delay));
        let (given, _) = self
            .writer()
            .run_deferred("give messages back", move |store| {
                store.release(queue, &receipts, due, uncounted)
            })
            .await?;
        self.wake(queue);
        Ok(given)
    }
}

fn receipts(messages: &[Received]) -> Vec<(i64, i64)> {
    let receipts = messages.iter();
    receipts
        .map(|message| (message.message_id, message.receipt))
        .collect()
}
