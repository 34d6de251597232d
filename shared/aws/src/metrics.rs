use std::io::Write;
use std::time::SystemTime;

use delivery::FileLeft;
use delivery::control::{Change, ChangeKind, HeldBy, StageKey};
use delivery::ports::{Observation, Observer};
use delivery::usecase::Audit;
use delivery::{FileKey, Reason, Rejection, Timestamp};
use serde_json::{Value, json};

use crate::environment::Environment;

/// Metrics in CloudWatch's embedded metric format: lines on standard output, which CloudWatch Logs turns into
/// metrics, without a call or an agent. They never contain payloads; ids are fields of the line, to search the
/// log by.
///
/// | metric | unit | by |
/// |---|---|---|
/// | `Attempts` | count | `Stage` and `Reason` (`none`: it succeeded) |
/// | `Latency` | milliseconds | `Stage` |
/// | `Lag`, the time from when an attempt was due until it was sent | seconds | `Stage`; all |
/// | `Deliveries` | count | `Stage` and `Outcome`; all |
/// | `DeliveryFailed`, 1 if the delivery failed and 0 if it succeeded | count | `Stage` and `Outcome`; `Stage` and `Reason`; all |
/// | `RejectedAssignments` | count | `Stage` and `Reason`; all |
/// | `OldestUnfinishedFileAge`, how long the most overdue file is past due, 0 if none is | seconds | all |
/// | `StuckFiles`, past due for longer than the audit's grace | count | all |
/// | `UnreadableRecords`, found by the audit | count | all |
/// | `BreakerOpen`, 1 when a circuit breaker opens or a delivery is put off by it, 0 when it closes | count | `Stage`; all |
/// | `PutOff`, deliveries that were due and wait | count | `Stage` and `Cause` (`breaker`, `pause`, `rate`); `Cause` |
/// | `PausedSeconds`, the age of the pause that a delivery was put off by | seconds | `Stage`; all |
/// | `StageChanges`, changes of a stage's control record | count | `Stage` and `Change` |
/// | `BatchItemFailures`, records that failed and return to their queue | count | `Function` |
/// | `Deferred`, records that return because their time has not come | count | `Function` |
#[derive(Clone, Debug)]
pub struct EmfMetrics {
    namespace: String,
}

/// A metric: name, unit, value, and the sets of dimensions by which it is counted. Each combination of values is
/// billed as a metric of its own.
struct Metric<'a>(&'a str, &'a str, Value, &'a [&'a [&'a str]]);

/// Counted by stage, and for all stages together.
const STAGE_AND_ALL: &[&[&str]] = &[&["Stage"], &[]];

impl EmfMetrics {
    /// Metrics in this namespace.
    pub fn new(namespace: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
        }
    }

    /// In the namespace that the function's environment names with `METRICS_NAMESPACE`.
    #[must_use]
    pub fn from_environment(environment: Environment) -> Self {
        let namespace = environment.optional("METRICS_NAMESPACE");
        Self::new(namespace.unwrap_or_else(|| "WebhookStage".to_owned()))
    }

    fn line(&self, observation: &Observation<'_>) -> Option<Value> {
        match observation {
            Observation::Attempted(attempted) => {
                let mut line = self.emf(&[
                    Metric("Attempts", "Count", json!(1), &[&["Stage", "Reason"]]),
                    Metric(
                        "Latency",
                        "Milliseconds",
                        json!(attempted.summary.duration_ms),
                        &[&["Stage"]],
                    ),
                    Metric(
                        "Lag",
                        "Seconds",
                        json!(attempted.lag.as_secs_f64()),
                        &[&["Stage"], &[]],
                    ),
                ]);
                line["Stage"] = json!(attempted.stage_id);
                line["Reason"] = reason(attempted.summary.reason);
                of_file(&mut line, &attempted.key);
                line["workflow_id"] = json!(attempted.workflow_id);
                line["delivery_id"] = json!(attempted.delivery_id);
                line["attempt"] = json!(attempted.summary.attempt);
                line["status"] = json!(attempted.summary.status);
                Some(line)
            }
            Observation::Left(left) => Some(self.left(left)),
            Observation::Rejected(rejection) => Some(self.rejected(rejection)),
            Observation::Audited(audit) => Some(self.audited(audit)),
            Observation::PutOff(stage, by) => Some(self.put_off(stage, *by)),
            Observation::StageChanged(change) => Some(self.stage_changed(change)),
            Observation::BatchItemFailure { function, code } => {
                Some(self.item_failed(function, code))
            }
            _ => None,
        }
    }

    fn audited(&self, audit: &Audit) -> Value {
        let age = json!(audit.oldest.as_secs_f64());
        let stuck = json!(audit.stuck.len());
        let mut line = self.emf(&[
            Metric("OldestUnfinishedFileAge", "Seconds", age, &[&[]]),
            Metric("StuckFiles", "Count", stuck, &[&[]]),
            Metric(
                "UnreadableRecords",
                "Count",
                json!(audit.unreadable),
                &[&[]],
            ),
        ]);
        line["unfinished"] = json!(audit.unfinished);
        line
    }

    fn left(&self, left: &FileLeft) -> Value {
        let delivery_failed = json!(u32::from(left.reason.is_some()));
        let by_stage: &[&str] = &["Stage", "Outcome"];
        let by_reason: &[&str] = &["Stage", "Reason"];
        let mut line = self.emf(&[
            Metric("Deliveries", "Count", json!(1), &[by_stage, &[]]),
            Metric(
                "DeliveryFailed",
                "Count",
                delivery_failed,
                &[by_stage, by_reason, &[]],
            ),
        ]);
        line["Stage"] = json!(left.stage_id);
        line["Outcome"] = json!(left.outcome.edge());
        line["Reason"] = reason(left.reason);
        of_file(&mut line, &left.key);
        line["workflow_id"] = json!(left.workflow_id);
        line["delivery_id"] = json!(left.delivery_id);
        line["attempts"] = json!(left.attempts);
        line["moved_to"] = json!(left.moved_to);
        line
    }

    fn rejected(&self, rejection: &Rejection) -> Value {
        let sets: &[&[&str]] = &[&["Stage", "Reason"], &[]];
        let mut line = self.emf(&[Metric("RejectedAssignments", "Count", json!(1), sets)]);
        line["Stage"] = json!(rejection.stage_id);
        line["Reason"] = json!(rejection.reason.code());
        of_file(&mut line, &rejection.key);
        line["workflow_id"] = json!(rejection.workflow_id);
        line["assignment_id"] = json!(rejection.assignment_id);
        line
    }

    fn put_off(&self, stage: &StageKey, by: HeldBy) -> Value {
        let sets: &[&[&str]] = &[&["Stage", "Cause"], &["Cause"]];
        let mut metrics = vec![Metric("PutOff", "Count", json!(1), sets)];
        metrics.extend(match by {
            // So that it does not look closed for as long as nothing is called.
            HeldBy::Breaker => Some(Metric("BreakerOpen", "Count", json!(1), STAGE_AND_ALL)),
            HeldBy::Pause(age) => {
                let age = json!(age.as_secs());
                Some(Metric("PausedSeconds", "Seconds", age, STAGE_AND_ALL))
            }
            HeldBy::Rate => None,
        });
        let mut line = self.of_stage(stage, &metrics);
        line["Cause"] = json!(by.code());
        line
    }

    fn stage_changed(&self, change: &Change) -> Value {
        let sets: &[&[&str]] = &[&["Stage", "Change"]];
        let mut metrics = vec![Metric("StageChanges", "Count", json!(1), sets)];
        let open = match change.change {
            ChangeKind::BreakerOpened => Some(1),
            ChangeKind::BreakerClosed => Some(0),
            _ => None,
        };
        metrics.extend(open.map(|open| Metric("BreakerOpen", "Count", json!(open), STAGE_AND_ALL)));
        let mut line = self.of_stage(&change.stage, &metrics);
        line["Change"] = json!(change.change.code());
        line["reason"] = json!(change.reason.map(Reason::code));
        line["until"] = json!(change.until);
        line
    }

    fn of_stage(&self, stage: &StageKey, metrics: &[Metric<'_>]) -> Value {
        let mut line = self.emf(metrics);
        line["Stage"] = json!(stage.stage_id);
        line["team"] = json!(stage.team);
        line["workflow_id"] = json!(stage.workflow_id);
        line
    }

    fn item_failed(&self, function: &str, code: &str) -> Value {
        // Another sender has claimed the attempt, or the invocation is almost over; neither is an error.
        let name = match code {
            "lease_held" | "out_of_time" => "Deferred",
            _ => "BatchItemFailures",
        };
        let mut line = self.emf(&[Metric(name, "Count", json!(1), &[&["Function"]])]);
        line["Function"] = json!(function);
        line["code"] = json!(code);
        line
    }

    fn emf(&self, metrics: &[Metric<'_>]) -> Value {
        let now = Timestamp::from(SystemTime::now()).as_millis();
        let directives: Vec<Value> = metrics
            .iter()
            .map(|Metric(name, unit, _, dimensions)| {
                json!({
                    "Namespace": self.namespace,
                    "Dimensions": dimensions,
                    "Metrics": [{"Name": name, "Unit": unit}],
                })
            })
            .collect();
        let mut line = json!({"_aws": {"Timestamp": now, "CloudWatchMetrics": directives}});
        for Metric(name, _, value, _) in metrics {
            line[*name] = value.clone();
        }
        line
    }
}

fn reason(reason: Option<Reason>) -> Value {
    json!(reason.map_or("none", Reason::code))
}

fn of_file(line: &mut Value, key: &FileKey) {
    line["team"] = json!(key.team);
    line["item_id"] = json!(key.item_id);
}

impl Observer for EmfMetrics {
    fn observe(&self, observation: Observation<'_>) {
        if let Some(line) = self.line(&observation) {
            // If standard output is closed the metrics are lost, but the delivery goes on.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }
}

#[cfg(test)]
mod tests;
