use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Lane, LongCalls, Outage, Pause};
use crate::time::Timestamp;

/// A stage's control record. A stage that never had one has the default: version 0, closed, not paused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageControl {
    /// Counts the record's writes. Every write is conditional on the previous version; 0 is not stored.
    pub version: u64,
    /// Which write this was. Without it, two senders that reserve times in the same millisecond would write the same, and
    /// each would take the other's write for its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_id: Option<Uuid>,
    /// The receiver's outage, as long as the circuit breaker is not closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// An operator's pause, or the receiver's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// The lane that its calls were last found to belong to.
    #[serde(default, skip_serializing_if = "Lane::is_fast")]
    pub lane: Lane,
    /// When the lane was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane_since: Option<Timestamp>,
    /// Its recent calls that took long, as far as they matter for the lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_calls: Option<LongCalls>,
    /// The first time that no call has been given yet, if the rate of calls is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_free: Option<Timestamp>,
    /// When the record was last written.
    pub updated_at: Timestamp,
}

impl StageControl {
    /// The record after this one, to be changed and written.
    pub(super) fn next(&self, now: Timestamp) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }

    /// Whether deliveries are made as usual: not paused, and the breaker closed.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        self.pause.is_none() && self.outage.is_none()
    }

    /// The lane of the stage's messages. Deliveries that only wait are in the slow lane too, so that looking at
    /// thousands of them takes no place from healthy stages.
    #[must_use]
    pub const fn lane(&self) -> Lane {
        if self.is_plain() {
            self.lane
        } else {
            Lane::Slow
        }
    }
}
