use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Recent, StageControl};
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

/// A stage turns slow when the median of its recent calls is longer than this.
const SLOW: Duration = Duration::from_secs(3);

/// A slow stage turns fast again when the median is shorter than this.
const FAST: Duration = Duration::from_secs(1);

/// Or when this many calls in a row have timed out.
const TIMEOUTS: u32 = 2;

/// The fewest calls that say something about a fast stage, and about a slow one.
const CALLS: (usize, usize) = (5, 20);

/// How long a stage stays in a lane at least.
const STAYS: Duration = Duration::from_secs(60);

/// The record with the stage's lane changed, if its recent calls say that it belongs into the other one. The calls of
/// an outage say nothing about it.
#[must_use]
pub fn moved(control: &StageControl, recent: &Recent, now: Timestamp) -> Option<StageControl> {
    if control.outage.is_some() {
        return None;
    }
    let lane = match control.lane {
        Lane::Fast if recent.timeouts_in_a_row >= TIMEOUTS => Lane::Slow,
        Lane::Fast if recent.calls >= CALLS.0 && recent.median > SLOW => Lane::Slow,
        Lane::Slow
            if recent.calls >= CALLS.1
                && recent.median < FAST
                && recent.timeouts == 0
                && control
                    .lane_since
                    .is_none_or(|since| since.until(now) >= STAYS) =>
        {
            Lane::Fast
        }
        _ => return None,
    };
    Some(StageControl {
        lane,
        lane_since: Some(now),
        ..control.next(now)
    })
}
