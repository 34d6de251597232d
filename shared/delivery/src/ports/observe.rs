use std::future::Future;
use std::time::Duration;

use uuid::Uuid;

use super::PortError;
use crate::attempt::AttemptSummary;
use crate::audit::Audit;
use crate::reason::Reason;
use crate::record::Rejection;
use crate::state::{FileKey, FileState, Outcome};
use crate::time::Timestamp;

/// A file left a Webhook stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLeft {
    /// The file.
    pub key: FileKey,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The stage it left.
    pub stage_id: Uuid,
    /// The delivery.
    pub delivery_id: Uuid,
    /// The edge it left by.
    pub outcome: Outcome,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// How many attempts were made.
    pub attempts: u32,
    /// The stage it went to; none when the edge is unconnected.
    pub moved_to: Option<Uuid>,
    /// When.
    pub at: Timestamp,
}

/// Announces events to other systems, at least once.
pub trait Events: Send + Sync {
    /// Announces that a file left a Webhook stage.
    fn file_left(&self, event: &FileLeft) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Announces nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    async fn file_left(&self, _event: &FileLeft) -> Result<(), PortError> {
        Ok(())
    }
}

/// Something worth counting or showing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// An attempt ended and is recorded.
    Attempt {
        /// The file after it.
        state: &'a FileState,
        /// The attempt.
        summary: &'a AttemptSummary,
        /// The delivery it belongs to.
        delivery_id: Uuid,
        /// The stage.
        stage_id: Uuid,
        /// The time from when it was due until it was sent.
        lag: Duration,
    },
    /// A file left a Webhook stage, or stays in it for good.
    Left(&'a FileLeft),
    /// An assignment was rejected.
    Rejected(&'a Rejection),
    /// An audit looked through the files that are not at rest.
    Audited(&'a Audit),
    /// A record of a batch failed and went back to its queue. For Lambda the invocation still succeeded.
    BatchItemFailure {
        /// The function's short name, such as `sender`.
        function: &'static str,
        /// The failure's stable code.
        code: &'static str,
    },
}

/// Takes in metrics and progress. It must not block, and cannot fail.
pub trait Observer: Send + Sync {
    /// Called for each observation.
    fn observe(&self, observation: Observation<'_>);
}

/// Observes nothing.
impl Observer for () {
    fn observe(&self, _observation: Observation<'_>) {}
}
