use std::future::Future;
use std::time::Duration;

use super::PortError;

/// Longest delay of a message: SQS's `DelaySeconds` limit of 15 minutes.
pub const MAX_DELAY: Duration = Duration::from_secs(900);

/// A message to send, with its delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<M> {
    /// The message.
    pub message: M,
    /// How long it stays invisible: at most 900 s (SQS's `DelaySeconds`). Adapters round up to
    /// what the queue can do (whole seconds on SQS) and refuse more.
    pub delay: Duration,
}

/// Sends to a queue. At-least-once, in any order.
pub trait SendMessages<M>: Send + Sync {
    /// Sends all; one result per message, in order. A failed entry was not sent, or may have been:
    /// the caller sends it again, never drops it.
    fn send(
        &self,
        messages: Vec<Outgoing<M>>,
    ) -> impl Future<Output = Vec<Result<(), PortError>>> + Send;
}
