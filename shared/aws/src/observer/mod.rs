mod emf;
mod line;
mod metrics;
mod settings;

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use delivery::ports::{Observation, Observer};
use delivery::{Outcome, Reason, Timestamp};

use crate::environment::{Environment, EnvironmentError};
use emf::Collected;
use metrics::observed;
use settings::Settings;
pub use settings::{LogAttempts, MetricsBy};

/// Tells CloudWatch what happens, by lines on standard output: without a call, an agent or a permission.
///
/// An attempt is one line, written at once, with the ids to search the log by. So is the exit of a dead letter's file;
/// any other exit is in the line of the attempt that ended the delivery. What else happens to a file is logged where it
/// happens.
///
/// Metrics are lines in the embedded metric format, from which CloudWatch takes the values. They are collected, and
/// written when the invocation ends, see [`CloudWatchObserver::invocation`]: ten attempts of a batch then cost one such
/// line instead of ten.
///
/// With `D` for the dimension of [`MetricsBy`] (`Team` or `Stage`, or none), the metrics are:
///
/// | metric | unit | by |
/// |---|---|---|
/// | `Latency`, the time of a call; their number is the number of attempts | milliseconds | D; all |
/// | `Lag`, the time from when an attempt was due until it was sent | seconds | all |
/// | `DeliveryFailed`, 1 if the delivery failed and 0 if it succeeded; their number is the number of deliveries | | D; all |
/// | `OldestUnfinishedFileAge`, how long the most overdue file is past due, 0 if none is | seconds | all |
///
/// And only while there is something to count:
///
/// | metric | unit | by |
/// |---|---|---|
/// | `FailedAttempts` | | D and `Reason` |
/// | `RejectedAssignments` | | D and `Reason` |
/// | `PutOff`, deliveries that were due and wait | | D and `Cause` (`breaker`, `pause`, `rate`) |
/// | `StageChanges`, changes of a stage's control record | | D and `Change` |
/// | `BreakerOpen`, 1 when a breaker opens or puts a delivery off, 0 when it closes | | all |
/// | `PausedSeconds`, the age of the pause that a delivery was put off by | seconds | all |
/// | `BatchItemFailures`, records that failed and return to their queue | | `Function` |
/// | `Deferred`, records that return because their time has not come | | `Function` |
/// | `StuckFiles`, found by the audit: past due for longer than its grace | | all |
/// | `UnreadableRecords`, found by the audit | | all |
#[derive(Debug)]
pub struct CloudWatchObserver {
    settings: Settings,
    collected: Mutex<Collected>,
}

impl CloudWatchObserver {
    /// As the function's environment says: `METRICS_NAMESPACE`, `METRICS_BY` (`team`, `stage` or `all`) and
    /// `LOG_ATTEMPTS` (`all` or `failed`).
    ///
    /// # Errors
    /// [`EnvironmentError::Invalid`].
    pub fn from_environment(environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self::new(Settings::from_environment(environment)?))
    }

    fn new(settings: Settings) -> Self {
        Self {
            settings,
            collected: Mutex::default(),
        }
    }

    /// Begins an invocation: the metrics are written when the guard is dropped, so also when the invocation fails. If
    /// several run in one process at the same time, each writes what all of them have collected so far.
    #[must_use = "dropping the guard writes the metrics"]
    pub const fn invocation(&self) -> Invocation<'_> {
        Invocation(self)
    }

    /// The lines to write now.
    fn lines(&self, observation: &Observation<'_>) -> Vec<String> {
        let mut lines = Vec::new();
        match observation {
            Observation::Attempted(attempted) => {
                let is_logged = match self.settings.log_attempts {
                    LogAttempts::All => true,
                    LogAttempts::Failed => attempted.summary.reason.is_some(),
                };
                lines.extend(is_logged.then(|| line::attempt(attempted)));
            }
            // The exits without an attempt that ends the delivery.
            Observation::Left(left) if left.reason == Some(Reason::DeadLettered) => {
                lines.push(line::left(left));
            }
            Observation::Left(left)
                if left.outcome == Outcome::Skipped
                    && self.settings.log_attempts == LogAttempts::All =>
            {
                lines.push(line::left(left));
            }
            _ => {}
        }
        if let Some(observed) = observed(observation, self.settings.metrics_by) {
            let full = self.collected().add(observed);
            lines.extend(full.map(|full| full.line(&self.settings.namespace, now())));
        }
        lines
    }

    /// The metric lines of what was collected.
    fn flush(&self) -> Vec<String> {
        let collected = std::mem::take(&mut *self.collected());
        let now = now();
        let lines = collected.into_groups();
        lines
            .map(|group| group.line(&self.settings.namespace, now))
            .collect()
    }

    fn collected(&self) -> std::sync::MutexGuard<'_, Collected> {
        self.collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for CloudWatchObserver {
    fn observe(&self, observation: Observation<'_>) {
        write(&self.lines(&observation));
    }
}

/// An invocation that is observed, see [`CloudWatchObserver::invocation`].
#[derive(Debug)]
pub struct Invocation<'a>(&'a CloudWatchObserver);

impl Drop for Invocation<'_> {
    fn drop(&mut self) {
        write(&self.0.flush());
    }
}

fn now() -> Timestamp {
    Timestamp::from(SystemTime::now())
}

fn write(lines: &[String]) {
    let mut out = std::io::stdout().lock();
    for line in lines {
        // If standard output is closed the lines are lost, but the delivery goes on.
        let _ = writeln!(out, "{line}");
    }
}

#[cfg(test)]
mod tests;
