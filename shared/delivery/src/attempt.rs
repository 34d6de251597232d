use serde::{Deserialize, Serialize};

use crate::reason::Reason;
use crate::time::Timestamp;

/// One attempt as the state record keeps it. It is small, because writes of the record are billed by the KiB.
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
