//! Percentiles.

use std::fmt;

/// Microseconds, in order.
pub(crate) struct Latencies(Vec<i64>);

impl Latencies {
    pub(crate) fn of(micros: impl IntoIterator<Item = i64>) -> Self {
        let mut micros: Vec<i64> = micros.into_iter().collect();
        micros.sort_unstable();
        Self(micros)
    }

    /// By nearest rank, in milliseconds: a time that was measured, none between two.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0
            .get(rank - 1)
            .map_or(f64::NAN, |&micros| micros as f64 / 1000.0)
    }
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p95, p99, max] = [50, 95, 99, 100].map(|percent| self.percentile(percent));
        write!(f, "{p50:.1} / {p95:.1} / {p99:.1} / {max:.1} ms")
    }
}
