use delivery::Reason;
use delivery::ports::Observation;

use super::super::{LogAttempts, MetricsBy};
use super::scene::{ended, invocation, observer};

/// What CloudWatch Logs adds to each event when it counts the bytes it bills:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html>
const OVERHEAD: usize = 26;

/// What the sender writes for each file of a batch whose delivery ends with the first attempt, in billed bytes. The
/// dispatcher writes nothing for it.
fn bytes_per_file(
    batch: usize,
    by: MetricsBy,
    logged: LogAttempts,
    reason: Option<Reason>,
) -> usize {
    // As long as the ids, slugs and times of most deployments.
    let (attempted, left) = ended("acme-logistics", reason);
    let observations: Vec<_> = (0..batch)
        .flat_map(|_| [Observation::Attempted(&attempted), Observation::Left(&left)])
        .collect();
    let lines = invocation(&observer(by, logged), &observations);
    let bytes: usize = lines.iter().map(|line| line.len() + OVERHEAD).sum();
    bytes.div_ceil(batch)
}

/// What the functions write as a whole is counted in `tests/tests/counts`; this names the part of each setting, with
/// `cargo test -p aws --lib -- --nocapture log_bytes`.
#[test]
fn log_bytes_per_file_are_within_the_budget() {
    for (batch, logged, name, budget) in [
        (10, LogAttempts::All, "all", ALL_FULL),
        (1, LogAttempts::All, "all", ALL_ONE),
        (10, LogAttempts::Failed, "failed", FAILED_FULL),
        (1, LogAttempts::Failed, "failed", FAILED_ONE),
    ] {
        let bytes = bytes_per_file(batch, MetricsBy::default(), logged, None);
        println!("log_bytes_per_file batch={batch} log_attempts={name} {bytes}");
        assert!(bytes <= budget, "{bytes} bytes, budget {budget}");
        for other in [MetricsBy::Stage, MetricsBy::All] {
            // A stage's id is longer than most slugs.
            assert!(bytes_per_file(batch, other, logged, None) <= budget + 30);
        }
    }
}

#[test]
fn log_bytes_per_failed_file_are_within_the_budget() {
    for (batch, budget) in [(10, 500), (1, 1000)] {
        let reason = Some(Reason::HttpStatus);
        let bytes = bytes_per_file(batch, MetricsBy::default(), LogAttempts::Failed, reason);
        println!("log_bytes_per_failed_file batch={batch} {bytes}");
        assert!(bytes <= budget, "{bytes} bytes, budget {budget}");
    }
}

// In full batches the lines of attempts are most of it; alone, the metric line is.
const ALL_FULL: usize = 400;
const ALL_ONE: usize = 800;
const FAILED_FULL: usize = 70;
const FAILED_ONE: usize = 430;
