use std::fmt;
use std::future::Future;
use std::time::Duration;

use uuid::Uuid;
use workflow::StageSecrets;

use super::PortError;
use crate::document::{Document, DocumentReader};
use crate::reason::Reason;
use crate::retry::RetryAfter;
use crate::time::Timestamp;

/// One call to make. Its `Debug` shows no URL: some are secrets themselves.
pub struct Call<R> {
    /// The receiver's URL, as the stage has it.
    pub url: String,
    /// The stage's secrets.
    pub secrets: StageSecrets,
    /// The item's document.
    pub document: Document<R>,
    /// Whether the body is the whole document or the document without annotations.
    pub include_annotations: bool,
    /// How long a presigned URL in the body stays valid.
    pub presigned_url_expiry: Option<Duration>,
    /// Sent as `webhook-id`.
    pub delivery_id: Uuid,
    /// Sent as `webhook-workflow-id`.
    pub workflow_id: Uuid,
    /// Sent as `webhook-stage-id`.
    pub stage_id: Uuid,
    /// Sent as `webhook-attempt`, from 1.
    pub attempt: u32,
    /// Sent as `webhook-timestamp`, in seconds.
    pub sent_at: Timestamp,
    /// For the whole exchange, the body of the answer included.
    pub timeout: Duration,
    /// Whether the call must not use a connection kept open from an earlier one, which the receiver may
    /// have let go of in the meantime.
    pub fresh_connection: bool,
}

impl<R> fmt::Debug for Call<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("delivery_id", &self.delivery_id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// What a call brought back.
#[derive(Debug)]
pub struct Answer {
    /// The status, or why there is none.
    pub result: Result<u16, Reason>,
    /// The receiver's `Retry-After`, when it sent a valid one, by its own clock when it told the time.
    pub retry_after: Option<RetryAfter>,
    /// The whole exchange.
    pub duration: Duration,
    /// Size of the body, in bytes, whether or not the receiver took all of it; 0 when no call was made.
    pub request_bytes: u64,
    /// The start of the answer's body: at most 1 KiB, redacted, valid UTF-8.
    pub response_excerpt: String,
    /// More about the failure. Never a secret or the stage's URL; of a redirect, where it leads, without
    /// its query.
    pub detail: Option<String>,
}

/// Makes webhook calls.
pub trait Caller<R: DocumentReader>: Send + Sync {
    /// Makes one call. Every fault of the receiver, the URL or the document is in the answer; an
    /// error is our own (a document that could not be read to its end, say), and no attempt is charged.
    fn call(&self, call: Call<R>) -> impl Future<Output = Result<Answer, PortError>> + Send;
}
