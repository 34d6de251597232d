use std::time::Duration;

/// The longest time for which a stage may have its deliveries held back while its circuit breaker is open.
pub const MAX_PATIENCE: Duration = Duration::from_hours(24);

/// When the circuit breaker of a stage trips. Each sender process judges by its own recent calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerConfig {
    /// It trips after this many failed calls in a row; 1 to 1000.
    pub failures_in_a_row: u32,
    /// It also trips if at least this share of the calls within [`Self::window`] failed, in percent; 1 to 100.
    pub failed_percent: u32,
    /// The fewest calls that a share is taken of; 1 to 200.
    pub calls: u32,
    /// How far back calls count for the share; 1 s to 15 min.
    pub window: Duration,
}

impl Default for BreakerConfig {
    /// 10 failures in a row, or half of at least 20 calls within 30 s.
    fn default() -> Self {
        Self {
            failures_in_a_row: 10,
            failed_percent: 50,
            calls: 20,
            window: Duration::from_secs(30),
        }
    }
}

/// The most calls that a stage allows in a time, from 1 an hour to 10,000 a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many calls.
    pub calls: u32,
    /// In this time: a second, a minute or an hour.
    pub per: Duration,
}

impl Rate {
    /// The highest rate: 10,000 calls a second.
    const HIGHEST: Duration = Duration::from_micros(100);

    /// Reads `10/s`, `600/min` or `5000/h`. None for anything else, for no calls at all, and above 10,000 calls a
    /// second.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (calls, unit) = text.split_once('/')?;
        let per = Duration::from_secs(match unit.trim() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            _ => return None,
        });
        let calls = calls.trim();
        let is_number = calls.bytes().all(|byte| byte.is_ascii_digit());
        let calls: u32 = calls.parse().ok().filter(|calls| is_number && *calls > 0)?;
        let rate = Self { calls, per };
        (rate.interval() >= Self::HIGHEST).then_some(rate)
    }

    /// The time from one call to the next.
    #[must_use]
    pub fn interval(self) -> Duration {
        self.per / self.calls.max(1)
    }
}
