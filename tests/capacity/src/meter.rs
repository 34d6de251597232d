use std::time::Duration;

/// Adds up how long invocations run, and those that still run as far as they have come.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    running: u32,
    read_at: Duration,
    total: Duration,
}

impl Meter {
    pub(crate) fn starts(&mut self, now: Duration) {
        self.read(now);
        self.running += 1;
    }

    pub(crate) fn ends(&mut self, now: Duration) {
        self.read(now);
        self.running -= 1;
    }

    /// What all of them took until now.
    pub(crate) fn read(&mut self, now: Duration) -> Duration {
        self.total += now.saturating_sub(self.read_at) * self.running;
        self.read_at = now;
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_still_runs_counts_as_far_as_it_has_come() {
        let second = Duration::from_secs;
        let mut meter = Meter::default();
        meter.starts(second(10));
        meter.starts(second(11));
        meter.ends(second(13));
        assert_eq!(meter.read(second(20)), second(12));
    }
}
