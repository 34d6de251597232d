use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::{Actor, RejectReason};

use crate::attempt::AttemptSummary;
use crate::state::{DeliveryState, FileKey, Visit};
use crate::time::Timestamp;

/// A failed attempt in full, for people who look for its cause. It is written before the record that counts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The file.
    pub key: FileKey,
    /// The delivery it belongs to.
    pub delivery_id: Uuid,
    /// The Webhook stage.
    pub stage_id: Uuid,
    /// The version of the file's record in which the attempt was claimed. A sender that lost its lease has an
    /// older version, and its result is not the one that the record counts.
    #[serde(default)]
    pub version: u64,
    /// The summary, as the state record keeps it.
    #[serde(flatten)]
    pub summary: AttemptSummary,
    /// The size of the body in bytes, whether or not the receiver read all of it; 0 when no call was made.
    pub request_bytes: u64,
    /// The start of the answer's body: at most 1 KiB, redacted, valid UTF-8.
    pub response_excerpt: String,
    /// Details of the failure, such as a refused address or a TLS alert. Never a URL or a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A finished visit, stored in the history before the record loses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitRecord {
    /// The file.
    pub key: FileKey,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The version of the file's record that it was copied from: a newer copy is never replaced by an older
    /// one, even if that is written later.
    pub version: u64,
    /// The visit.
    pub visit: Visit,
    /// How its delivery went; none for a visit to a stage that is not run here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryState>,
}

/// An assignment that the rules did not allow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// The file.
    pub key: FileKey,
    /// The rejected command.
    pub assignment_id: Uuid,
    /// The workflow it named.
    pub workflow_id: Uuid,
    /// The stage it named.
    pub stage_id: Uuid,
    /// Who assigned.
    pub actor: Actor,
    /// Why not.
    pub reason: RejectReason,
    /// When.
    pub at: Timestamp,
}
