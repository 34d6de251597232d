use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use delivery::ports::{Observation, Observer};
use delivery::{Attempted, Outcome};

/// The upper limits of the buckets of durations, in milliseconds.
const BUCKETS: [u32; 8] = [10, 50, 100, 500, 1_000, 5_000, 10_000, 30_000];

/// What the functions have done since the process began.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    attempts: [AtomicU64; 2],
    durations: [AtomicU64; BUCKETS.len()],
    duration_sum: AtomicU64,
    left: [AtomicU64; Outcome::ALL.len()],
    put_off: AtomicU64,
    rejected: AtomicU64,
    failed_records: AtomicU64,
}

impl Observer for Metrics {
    fn observe(&self, observation: Observation<'_>) {
        match observation {
            Observation::Attempted(attempted) => self.attempted(attempted),
            Observation::Left(left) => add(&self.left[left.outcome as usize]),
            Observation::PutOff(..) => add(&self.put_off),
            Observation::Rejected(_) => add(&self.rejected),
            Observation::BatchItemFailure { .. } => add(&self.failed_records),
            _ => {}
        }
    }
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Metrics {
    fn attempted(&self, attempted: &Attempted) {
        let summary = &attempted.summary;
        add(&self.attempts[usize::from(summary.reason.is_some())]);
        let took = summary.duration_ms;
        self.duration_sum.fetch_add(took.into(), Ordering::Relaxed);
        if let Some(bucket) = BUCKETS.iter().position(|limit| took <= *limit) {
            add(&self.durations[bucket]);
        }
    }

    /// Writes them in Prometheus's text format.
    pub(super) fn write(&self, out: &mut String) {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        head(
            out,
            "attempts_total",
            "counter",
            "Webhook calls, by how they ended.",
        );
        for (result, counter) in ["succeeded", "failed"].iter().zip(&self.attempts) {
            let count = get(counter);
            let _ = writeln!(
                out,
                "webhook_stage_attempts_total{{result=\"{result}\"}} {count}"
            );
        }
        let about = "How long webhook calls took.";
        head(out, "attempt_duration_seconds", "histogram", about);
        let mut sum = 0;
        for (limit, counter) in BUCKETS.iter().zip(&self.durations) {
            sum += get(counter);
            let limit = f64::from(*limit) / 1000.0;
            bucket(out, &limit.to_string(), sum);
        }
        let all: u64 = self.attempts.iter().map(get).sum();
        bucket(out, "+Inf", all);
        let seconds = get(&self.duration_sum) as f64 / 1000.0;
        let _ = writeln!(out, "webhook_stage_attempt_duration_seconds_sum {seconds}");
        let _ = writeln!(out, "webhook_stage_attempt_duration_seconds_count {all}");
        let about = "Files that left a Webhook stage, by the edge.";
        head(out, "files_left_total", "counter", about);
        for (outcome, counter) in Outcome::ALL.iter().zip(&self.left) {
            let (outcome, count) = (outcome.as_str(), get(counter));
            let _ = writeln!(
                out,
                "webhook_stage_files_left_total{{outcome=\"{outcome}\"}} {count}"
            );
        }
        for (name, counter, about) in [
            (
                "put_off_total",
                &self.put_off,
                "Deliveries that were due and held back by their stage.",
            ),
            (
                "rejected_total",
                &self.rejected,
                "Assignments that the rules did not allow.",
            ),
            (
                "failed_records_total",
                &self.failed_records,
                "Messages that went back to their queue because of an error.",
            ),
        ] {
            head(out, name, "counter", about);
            let _ = writeln!(out, "webhook_stage_{name} {}", get(counter));
        }
    }
}

fn bucket(out: &mut String, limit: &str, count: u64) {
    let _ = writeln!(
        out,
        "webhook_stage_attempt_duration_seconds_bucket{{le=\"{limit}\"}} {count}"
    );
}

/// The lines before a metric.
pub(super) fn head(out: &mut String, name: &str, kind: &str, about: &str) {
    let _ = writeln!(out, "# HELP webhook_stage_{name} {about}");
    let _ = writeln!(out, "# TYPE webhook_stage_{name} {kind}");
}
