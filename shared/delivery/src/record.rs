use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::{Actor, RejectReason};

use crate::reason::Reason;
use crate::state::{DeliveryState, FileKey, Visit};
use crate::time::Timestamp;

/// One attempt as the state record keeps it: small, because a state write is billed by the KiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptSummary {
    /// Attempt number, from 1.
    pub attempt: u32,
    /// When the call started.
    pub at: Timestamp,
    /// HTTP status, when an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it failed; none when it succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How long the exchange took, in milliseconds.
    pub duration_ms: u32,
}

/// A failed attempt in full, for people who look for the cause. Written before the state that counts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecord {
    /// The file.
    pub key: FileKey,
    /// The delivery it belongs to.
    pub delivery_id: Uuid,
    /// The Webhook stage.
    pub stage_id: Uuid,
    /// The version of the file's record that has the claim it was made under: a sender that lost its lease
    /// has an older one, and what it saw is not what the record counts.
    #[serde(default)]
    pub version: u64,
    /// What the state keeps of it.
    #[serde(flatten)]
    pub summary: AttemptSummary,
    /// Size of the body, in bytes, whether or not the receiver took all of it; 0 when no call was made.
    pub request_bytes: u64,
    /// The start of the answer's body: at most 1 KiB, redacted, valid UTF-8.
    pub response_excerpt: String,
    /// More about the failure: an address that was refused, a TLS alert. Never a URL or a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// A finished visit, moved to the history before the record forgets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitRecord {
    /// The file.
    pub key: FileKey,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The version of the file's record this was taken from: a newer one is never replaced by an older
    /// one, whoever comes late.
    pub version: u64,
    /// The visit.
    pub visit: Visit,
    /// What became of its delivery; none for a visit to a stage that is not ours to run.
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
