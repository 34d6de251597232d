use std::time::Duration;

use delivery::Timestamp;
use tokio::time::Instant;

/// When every run begins, in the product's clock.
const BEGAN: i64 = 1_790_000_000_000;

/// Virtual time: the runtime's paused clock, which jumps to the next timer whenever all tasks wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(Instant);

impl Time {
    pub(crate) fn begins() -> Self {
        Self(Instant::now())
    }

    /// Since the run began.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn at(self, elapsed: Duration) -> Instant {
        self.0 + elapsed
    }

    /// As the product's clock has it.
    pub(crate) fn now(self) -> Timestamp {
        Timestamp::from_millis(BEGAN).plus(self.elapsed())
    }
}
