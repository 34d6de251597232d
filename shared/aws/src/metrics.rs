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
            Observation::PutOffByPause(stage, age) => {
                let age = json!(age.as_secs());
                Some(self.of_stage(
                    stage,
                    &[Metric("PausedSeconds", "Seconds", age, STAGE_AND_ALL)],
                ))
            }
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
        if by == HeldBy::Breaker {
            // So that it does not look closed for as long as nothing is called.
            metrics.push(Metric("BreakerOpen", "Count", json!(1), STAGE_AND_ALL));
        }
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
        let stage = StageKey {
            team: change.team.clone(),
            workflow_id: change.workflow_id,
            stage_id: change.stage_id,
        };
        let mut line = self.of_stage(&stage, &metrics);
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
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use delivery::{AttemptSummary, Attempted, Outcome};
    use uuid::Uuid;
    use workflow::{Actor, RejectReason, Role};

    use super::*;

    fn key() -> FileKey {
        FileKey {
            team: "t".to_owned(),
            item_id: Uuid::from_u128(1),
        }
    }

    fn actor() -> Actor {
        Actor::User {
            id: None,
            role: Role::Admin,
        }
    }

    /// The metrics with their sets of dimensions, after a check that the line has every field it names.
    fn checked(line: &Value) -> BTreeMap<String, Value> {
        let mut sets = BTreeMap::new();
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], "WebhookStage");
            for set in directive["Dimensions"].as_array().unwrap() {
                for name in set.as_array().unwrap() {
                    assert!(line[name.as_str().unwrap()].is_string(), "{name}");
                }
            }
            for metric in directive["Metrics"].as_array().unwrap() {
                let name = metric["Name"].as_str().unwrap();
                assert!(line[name].is_number(), "{name}");
                sets.insert(name.to_owned(), directive["Dimensions"].clone());
            }
        }
        for field in ["team", "item_id", "workflow_id", "Stage"] {
            assert!(line[field].is_string(), "{field}");
        }
        sets
    }

    fn line(observation: &Observation<'_>) -> Value {
        EmfMetrics::new("WebhookStage").line(observation).unwrap()
    }

    #[test]
    fn an_attempt_is_counted_by_stage_and_reason_and_its_lag_for_all() {
        let at = Timestamp::from_millis(0);
        let summary = AttemptSummary {
            attempt: 2,
            at,
            status: Some(503),
            reason: Some(Reason::HttpStatus),
            duration_ms: 120,
        };
        let attempted = Attempted {
            key: key(),
            workflow_id: Uuid::nil(),
            stage_id: Uuid::from_u128(3),
            delivery_id: Uuid::from_u128(2),
            summary,
            lag: Duration::from_millis(1500),
        };
        let line = line(&Observation::Attempted(&attempted));
        let sets = checked(&line);
        assert_eq!(sets["Attempts"], json!([["Stage", "Reason"]]));
        assert_eq!(sets["Lag"], json!([["Stage"], []]));
        assert_eq!((&line["Lag"], &line["Latency"]), (&json!(1.5), &json!(120)));
        assert_eq!(line["delivery_id"], json!(Uuid::from_u128(2)));
    }

    #[test]
    fn a_file_that_leaves_counts_as_given_up_or_not() {
        for (outcome, why, delivery_failed) in [
            (Outcome::Failed, Some(Reason::Timeout), 1),
            (Outcome::Succeeded, None, 0),
        ] {
            let left = FileLeft {
                key: key(),
                workflow_id: Uuid::nil(),
                stage_id: Uuid::nil(),
                delivery_id: Uuid::nil(),
                outcome,
                reason: why,
                attempts: 6,
                moved_to: None,
                at: Timestamp::from_millis(0),
            };
            let line = line(&Observation::Left(&left));
            let sets = checked(&line);
            assert_eq!(
                sets["DeliveryFailed"],
                json!([["Stage", "Outcome"], ["Stage", "Reason"], []])
            );
            assert_eq!(line["Outcome"], outcome.edge());
            assert_eq!(line["DeliveryFailed"], delivery_failed);
        }
    }

    #[test]
    fn an_audit_reports_even_when_all_is_well() {
        let line = line(&Observation::Audited(&Audit::default()));
        assert_eq!(line["OldestUnfinishedFileAge"], json!(0.0));
        assert_eq!(line["StuckFiles"], json!(0));
        assert_eq!(line["UnreadableRecords"], json!(0));
        let metrics = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert!(
            metrics
                .iter()
                .all(|metric| metric["Dimensions"] == json!([[]]))
        );
    }

    #[test]
    fn a_record_that_goes_back_counts_unless_its_time_has_not_come() {
        for (code, metric) in [
            ("engine_forbidden", "BatchItemFailures"),
            ("lease_held", "Deferred"),
            ("out_of_time", "Deferred"),
        ] {
            let line = line(&Observation::BatchItemFailure {
                function: "sender",
                code,
            });
            let metrics = &line["_aws"]["CloudWatchMetrics"];
            assert_eq!(metrics[0]["Metrics"][0]["Name"], metric);
            assert_eq!(metrics[0]["Dimensions"], json!([["Function"]]));
            assert_eq!(
                (&line[metric], &line["Function"], &line["code"]),
                (&json!(1), &json!("sender"), &json!(code))
            );
        }
    }

    #[test]
    fn a_rejected_assignment_is_counted_by_reason() {
        let rejection = Rejection {
            key: key(),
            assignment_id: Uuid::nil(),
            workflow_id: Uuid::nil(),
            stage_id: Uuid::nil(),
            actor: actor(),
            reason: RejectReason::Busy,
            at: Timestamp::from_millis(0),
        };
        let line = line(&Observation::Rejected(&rejection));
        assert_eq!(
            checked(&line)["RejectedAssignments"],
            json!([["Stage", "Reason"], []])
        );
        assert_eq!(line["Reason"], "busy");
    }

    fn stage() -> StageKey {
        StageKey {
            team: "t".to_owned(),
            workflow_id: Uuid::nil(),
            stage_id: Uuid::from_u128(3),
        }
    }

    /// By metric, after a check that the line has every field it names.
    fn of_stage(observation: &Observation<'_>) -> (Value, BTreeMap<String, Value>) {
        let mut line = line(observation);
        line["item_id"] = json!("none: it is about the stage");
        let sets = checked(&line);
        (line, sets)
    }

    #[test]
    fn a_delivery_that_is_put_off_counts_by_cause_and_shows_an_open_breaker() {
        for (by, open) in [
            (HeldBy::Breaker, json!(1)),
            (HeldBy::Pause, Value::Null),
            (HeldBy::Rate, Value::Null),
        ] {
            let (line, sets) = of_stage(&Observation::PutOff(&stage(), by));
            assert_eq!(sets["PutOff"], json!([["Stage", "Cause"], ["Cause"]]));
            assert_eq!(line["Cause"], by.code());
            assert_eq!(line["BreakerOpen"], open, "{by:?}");
        }
        let age = Duration::from_secs(90_000);
        let (line, sets) = of_stage(&Observation::PutOffByPause(&stage(), age));
        assert_eq!(line["PausedSeconds"], 90_000);
        assert_eq!(sets["PausedSeconds"], json!([["Stage"], []]));
    }

    #[test]
    fn a_breaker_counts_as_open_from_when_it_opens_until_it_closes() {
        for (kind, open) in [
            (ChangeKind::BreakerOpened, json!(1)),
            (ChangeKind::BreakerHalfOpen, Value::Null),
            (ChangeKind::BreakerRecovering, Value::Null),
            (ChangeKind::BreakerClosed, json!(0)),
            (ChangeKind::Paused, Value::Null),
        ] {
            let change = Change {
                team: "t".to_owned(),
                workflow_id: Uuid::nil(),
                stage_id: Uuid::from_u128(3),
                change: kind,
                reason: Some(Reason::Timeout),
                paused_by: None,
                pause_reason: None,
                until: None,
                at: Timestamp::from_millis(0),
            };
            let (line, sets) = of_stage(&Observation::StageChanged(&change));
            assert_eq!(sets["StageChanges"], json!([["Stage", "Change"]]));
            assert_eq!(
                (&line["Change"], &line["BreakerOpen"]),
                (&json!(kind.code()), &open)
            );
        }
    }
}
