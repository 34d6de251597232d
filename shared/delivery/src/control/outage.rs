use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::reason::Reason;
use crate::time::Timestamp;

/// A receiver's outage, as the circuit breaker sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// When the breaker tripped.
    pub since: Timestamp,
    /// How often it has opened since then, from 1.
    pub trips: u32,
    /// What went wrong last.
    pub reason: Reason,
    /// Until when this phase lasts; half-open, the lease of the probe.
    pub until: Timestamp,
    /// The breaker's phase.
    pub phase: Phase,
    /// How long the receiver asked to be left alone; zero if it did not.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub asked: Duration,
}

/// A phase of the circuit breaker; it is closed without an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No call is made.
    Open,
    /// One delivery makes a call, the probe.
    HalfOpen {
        /// That delivery.
        probe: Uuid,
    },
    /// The probe was answered; a few calls are made.
    Recovering,
}

impl Phase {
    /// A stable code, as in `--json`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::HalfOpen { .. } => "half_open",
            Self::Recovering => "recovering",
        }
    }
}
