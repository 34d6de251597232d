//! Sends of one invocation that come at about the same time, in one request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use delivery::ports::{Outgoing, PortError, PortErrorKind, SendMessages};
use tokio::sync::oneshot;

/// How long the first message waits for others. When a receiver refuses a whole batch its answers come within
/// milliseconds of each other, and ten retries in one request cost as much as one. At 256 MB, 5 ms of an invocation cost
/// a twentieth of a request.
const WINDOW: Duration = Duration::from_millis(5);

/// A queue to which the messages of concurrent sends go together.
#[derive(Debug)]
pub struct Gathered<Q, M> {
    queue: Q,
    waiting: Mutex<Vec<Waiting<M>>>,
}

#[derive(Debug)]
struct Waiting<M> {
    message: Outgoing<M>,
    sent: oneshot::Sender<Result<(), PortError>>,
}

impl<Q, M> Gathered<Q, M> {
    /// In front of this queue.
    #[must_use]
    pub const fn new(queue: Q) -> Self {
        Self {
            queue,
            waiting: Mutex::new(Vec::new()),
        }
    }

    /// The queue itself.
    #[must_use]
    pub const fn queue(&self) -> &Q {
        &self.queue
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Waiting<M>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes what waits even if the send that was to do so is abandoned, so that nobody waits for it for ever.
struct Turn<'a, Q, M>(Option<&'a Gathered<Q, M>>);

impl<Q, M> Turn<'_, Q, M> {
    /// Once: afterwards it may be another's turn.
    fn take(&mut self) -> Vec<Waiting<M>> {
        let queue = self.0.take();
        queue.map_or_else(Vec::new, |queue| std::mem::take(&mut *queue.waiting()))
    }
}

impl<Q, M> Drop for Turn<'_, Q, M> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<Q: SendMessages<M>, M: Send + Sync> SendMessages<M> for Gathered<Q, M> {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        let mut results = Vec::with_capacity(messages.len());
        let is_first = {
            let mut waiting = self.waiting();
            let is_first = waiting.is_empty() && !messages.is_empty();
            for message in messages {
                let (sent, result) = oneshot::channel();
                waiting.push(Waiting { message, sent });
                results.push(result);
            }
            is_first
        };
        if is_first {
            let mut turn = Turn(Some(self));
            tokio::time::sleep(WINDOW).await;
            self.send_together(turn.take()).await;
        }
        let mut all = Vec::with_capacity(results.len());
        for result in results {
            all.push(result.await.unwrap_or_else(|_| Err(unsent())));
        }
        all
    }
}

impl<Q: SendMessages<M>, M: Send + Sync> Gathered<Q, M> {
    async fn send_together(&self, together: Vec<Waiting<M>>) {
        let (messages, senders): (Vec<_>, Vec<_>) =
            together.into_iter().map(|it| (it.message, it.sent)).unzip();
        let mut results = self.queue.send(messages).await.into_iter();
        for sent in senders {
            let result = results.next().unwrap_or_else(|| Err(unsent()));
            // Whoever no longer waits was abandoned, and its message comes again.
            let _ = sent.send(result);
        }
    }
}

fn unsent() -> PortError {
    PortError::new(PortErrorKind::Unavailable, "send messages")
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use futures_util::{FutureExt, poll};

    use super::*;

    /// Refuses odd numbers, and keeps how many messages each request had.
    #[derive(Default)]
    struct Requests(Mutex<Vec<usize>>);

    impl SendMessages<u32> for Requests {
        async fn send(&self, messages: Vec<Outgoing<u32>>) -> Vec<Result<(), PortError>> {
            self.0.lock().unwrap().push(messages.len());
            let result =
                |it: Outgoing<u32>| it.message.is_multiple_of(2).then_some(()).ok_or(unsent());
            messages.into_iter().map(result).collect()
        }
    }

    fn message(message: u32) -> Outgoing<u32> {
        let delay = Duration::ZERO;
        Outgoing { message, delay }
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_sends_are_one_request_and_each_gets_its_own_result() {
        let queue = Gathered::new(Requests::default());
        let sends = (0..10).map(|n| queue.send(vec![message(n), message(n + 1)]));
        for (n, results) in join_all(sends).await.into_iter().enumerate() {
            let sent: Vec<_> = results.iter().map(Result::is_ok).collect();
            assert_eq!(sent, [n % 2 == 0, n % 2 == 1]);
        }
        assert!(queue.send(vec![message(2)]).await[0].is_ok());
        assert_eq!(*queue.queue().0.lock().unwrap(), [20, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_a_send_that_was_abandoned() {
        let queue = Gathered::new(Requests::default());
        let mut first = queue.send(vec![message(0)]).boxed();
        assert!(poll!(&mut first).is_pending());
        let second = queue.send(vec![message(2)]);
        let mut second = std::pin::pin!(second);
        assert!(poll!(&mut second).is_pending());
        drop(first);
        assert!(second.await[0].is_err());
        assert!(queue.send(vec![message(4)]).await[0].is_ok());
    }
}
