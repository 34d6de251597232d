use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Which deliveries queue a message is on. Lambda holds a batch until its slowest call ends, so calls that take
/// long are kept apart from those that do not.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// The deliveries of healthy stages.
    #[default]
    Fast,
    /// The deliveries of stages whose calls take long, and those that only wait.
    Slow,
}

impl Lane {
    /// Whether it is the fast lane, the default.
    #[must_use]
    pub const fn is_fast(&self) -> bool {
        matches!(self, Self::Fast)
    }

    /// Its name, as in logs and events.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Slow => "slow",
        }
    }
}

/// Long calls of a stage, added up over all sender processes: each sees only a few, because a long call holds its batch
/// up, and all senders may wait before one of them has seen two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongCalls {
    /// When the first of them ended.
    pub since: Timestamp,
    /// How long they took in sum, in milliseconds. Those of one batch count once.
    pub sum_ms: u64,
}
