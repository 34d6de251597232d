use std::time::Duration;

use crate::reason::Reason;
use crate::retry_after::RetryAfter;

/// The result of a call.
#[derive(Debug)]
pub struct Answer {
    /// The status, or the reason why there is none.
    pub result: Result<u16, Reason>,
    /// The receiver's `Retry-After`, if it sent a valid one; by the receiver's own clock if it sent a `Date`.
    pub retry_after: Option<RetryAfter>,
    /// What the receiver says about further calls, if its stage lets it.
    pub receiver_says: Option<ReceiverSays>,
    /// How long the whole exchange took.
    pub duration: Duration,
    /// The size of the body in bytes, whether or not the receiver read all of it; 0 when no call was made.
    pub request_bytes: u64,
    /// The start of the answer's body: at most 1 KiB, redacted, valid UTF-8.
    pub response_excerpt: String,
    /// Details of the failure. Never a secret or the stage's URL; for a redirect its target, without the
    /// query.
    pub detail: Option<String>,
}

/// The receiver's `webhook-delivery` header, a convention of Svix's receivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiverSays {
    /// `abort-message`: no more calls for this file, which has failed.
    Abort,
    /// `disable`: no more calls for now. The stage is paused, and the file waits.
    Disable,
}

impl Answer {
    /// For an attempt that failed before it could call.
    #[must_use]
    pub const fn no_call(reason: Reason) -> Self {
        Self {
            result: Err(reason),
            retry_after: None,
            receiver_says: None,
            duration: Duration::ZERO,
            request_bytes: 0,
            response_excerpt: String::new(),
            detail: None,
        }
    }
}
