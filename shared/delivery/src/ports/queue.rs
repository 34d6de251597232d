use std::future::Future;
use std::time::Duration;

use serde::Serialize;

use super::{PortError, PortErrorKind};
use crate::format::{self, Formatted};
use crate::message::MAX_BODY;
use crate::retry::MAX_MESSAGE_DELAY;

/// A message to send, with its delay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing<M> {
    /// The message.
    pub message: M,
    /// How long it stays invisible: at most 900 s (SQS's `DelaySeconds`). Adapters round it up to what the
    /// queue supports (whole seconds on SQS), and refuse longer delays.
    pub delay: Duration,
}

impl<M: Formatted + Serialize> Outgoing<M> {
    /// The message's body, within the limits of SQS, which apply on every engine.
    ///
    /// # Errors
    /// [`PortErrorKind::TooLarge`] for a delay above [`MAX_MESSAGE_DELAY`] or a body above [`MAX_BODY`].
    pub fn body(&self) -> Result<String, PortError> {
        if self.delay > MAX_MESSAGE_DELAY {
            let what = "send a message delayed over 900 s";
            return Err(PortError::new(PortErrorKind::TooLarge, what));
        }
        let body = format::write(&self.message)
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

/// Escapes U+FFFE and U+FFFF: JSON allows them in strings (and nowhere else), but SQS rejects a message that
/// contains one.
fn escaped(body: String) -> String {
    // One after the other: text is found much faster than one of several characters.
    if body.contains("\u{fffe}") || body.contains("\u{ffff}") {
        body.replace('\u{fffe}', "\\ufffe")
            .replace('\u{ffff}', "\\uffff")
    } else {
        body
    }
}

/// Sends messages to a queue. They arrive at least once, in any order.
pub trait SendMessages<M>: Send + Sync {
    /// Sends all messages, and returns one result per message, in order. A failed message may or may not have
    /// been sent: the caller must send it again, and never drop it.
    fn send(
        &self,
        messages: Vec<Outgoing<M>>,
    ) -> impl Future<Output = Vec<Result<(), PortError>>> + Send;
}
