use std::future::Future;
use std::time::Duration;

use serde::Serialize;

use super::{PortError, PortErrorKind};
use crate::message::MAX_BODY;

pub use workflow::MAX_DELAY;

/// A message to send, with its delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<M> {
    /// The message.
    pub message: M,
    /// How long it stays invisible: at most 900 s (SQS's `DelaySeconds`). Adapters round up to
    /// what the queue can do (whole seconds on SQS) and refuse more.
    pub delay: Duration,
}

impl<M: Serialize> Outgoing<M> {
    /// The message's body, if any queue takes it: SQS's limits hold on every engine.
    ///
    /// # Errors
    /// [`PortErrorKind::TooLarge`] for a delay above [`MAX_DELAY`] or a body above [`MAX_BODY`].
    pub fn body(&self) -> Result<String, PortError> {
        if self.delay > MAX_DELAY {
            let what = "send a message delayed over 900 s";
            return Err(PortError::new(PortErrorKind::TooLarge, what));
        }
        let body = serde_json::to_string(&self.message)
            .map_err(|error| PortError::caused(PortErrorKind::Corrupt, "write a message", error))?;
        let body = escaped(body);
        if body.len() > MAX_BODY {
            return Err(PortError::new(
                PortErrorKind::TooLarge,
                "send a message above 1 MiB",
            ));
        }
        Ok(body)
    }
}

/// JSON may have U+FFFE and U+FFFF in its strings, and SQS takes no message with one of them. Outside of
/// strings there is none.
fn escaped(body: String) -> String {
    if body.contains(['\u{fffe}', '\u{ffff}']) {
        body.replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    } else {
        body
    }
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
