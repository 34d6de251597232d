use std::fmt;
use std::future::Future;
use std::time::Duration;

use uuid::Uuid;
use workflow::{StageSecrets, WebhookConfig};

use super::PortError;
use crate::answer::Answer;
use crate::document::{Document, DocumentReader};
use crate::reason::Reason;
use crate::time::Timestamp;
use crate::trace::Traceparent;

/// One call to make. Its `Debug` never shows the URL, because a URL can be a secret itself.
pub struct Call<R> {
    /// The stage's settings. The caller applies those that concern a single call; retries are not its concern.
    pub config: WebhookConfig,
    /// The stage's secrets.
    pub secrets: StageSecrets,
    /// The item's document.
    pub document: Document<R>,
    /// The team's slug.
    pub team: String,
    /// The workflow's name.
    pub workflow_name: String,
    /// The stage's name.
    pub stage_name: String,
    /// Sent as `webhook-id`.
    pub delivery_id: Uuid,
    /// Sent as `webhook-workflow-id`.
    pub workflow_id: Uuid,
    /// Sent as `webhook-stage-id`.
    pub stage_id: Uuid,
    /// Sent as `webhook-attempt`, from 1.
    pub attempt: u32,
    /// Sent as `traceparent`.
    pub traceparent: Traceparent,
    /// Sent as `webhook-timestamp`, in seconds.
    pub sent_at: Timestamp,
    /// The time limit of the whole exchange, including the answer's body: the stage's, as far as the invocation
    /// allows it.
    pub timeout: Duration,
    /// Whether the call must open a new connection, because the receiver may meanwhile have closed one that
    /// was kept open from an earlier call.
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

/// Whether a file is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The stage's condition holds, or it has none.
    Yes,
    /// It does not hold.
    No,
    /// It cannot be told, for this reason and with these details. The attempt fails without a call.
    Unclear(Reason, Option<String>),
}

/// Makes webhook calls.
pub trait Caller<R: DocumentReader>: Send + Sync {
    /// Makes one call. Every failure of the receiver, the URL or the document is part of the answer. An error
    /// is internal (such as a document that could not be read to its end), and does not count as an attempt.
    fn call(&self, call: Call<R>) -> impl Future<Output = Result<Answer, PortError>> + Send;

    /// Whether the file is to be sent, by the stage's condition. Only a stage that has one is asked. An error is internal,
    /// as with a call.
    fn wants(&self, call: &Call<R>) -> impl Future<Output = Result<Wanted, PortError>> + Send;
}
