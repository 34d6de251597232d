use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use crate::attempt::AttemptSummary;
use crate::reason::Reason;
use crate::state::{FileKey, Outcome};
use crate::time::Timestamp;
use crate::trace::TraceId;

/// A file left a Webhook stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileLeft {
    /// The file.
    pub key: FileKey,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The stage it left.
    pub stage_id: Uuid,
    /// The delivery.
    pub delivery_id: Uuid,
    /// The trace that its calls belong to.
    pub trace_id: TraceId,
    /// How its delivery ended.
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

/// An attempt ended, and is on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The file.
    pub key: FileKey,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The Webhook stage.
    pub stage_id: Uuid,
    /// The delivery it belongs to.
    pub delivery_id: Uuid,
    /// The trace that the call belongs to.
    pub trace_id: TraceId,
    /// The attempt.
    pub summary: AttemptSummary,
    /// The time from when it was due until the call.
    pub lag: Duration,
    /// The edge by which the file leaves its stage, if this attempt ends the delivery.
    pub outcome: Option<Outcome>,
}
