use std::collections::BTreeMap;
use std::time::Duration;

use delivery::control::{ChangeKind, HeldBy};
use delivery::ports::Observation;
use delivery::usecase::Audit;
use delivery::{Attempted, FileLeft, Reason};
use serde_json::{Value, json};

use super::super::{LogAttempts, MetricsBy};
use super::scene::{changed, ended, invocation, observer, parsed, rejection, stage};

/// The metric lines of one invocation.
fn metric_lines(by: MetricsBy, observations: &[Observation<'_>]) -> Vec<Value> {
    let lines = invocation(&observer(by, LogAttempts::All), observations);
    let lines = parsed(&lines);
    lines
        .into_iter()
        .filter(|line| !line["_aws"].is_null())
        .collect()
}

/// The sets of dimensions of each metric of a line, after a check that the line has what it names and keeps the
/// format's limits.
fn sets(line: &Value) -> BTreeMap<&str, &Value> {
    let mut sets = BTreeMap::new();
    for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "WebhookStage/webhook-stage");
        for set in directive["Dimensions"].as_array().unwrap() {
            for name in set.as_array().unwrap() {
                assert!(line[name.as_str().unwrap()].is_string(), "{name} in {line}");
            }
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            let name = metric["Name"].as_str().unwrap();
            let values = &line[name];
            let is_array = values.as_array().is_some_and(|values| values.len() <= 100);
            assert!(values.is_number() || is_array, "{name} in {line}");
            assert!(sets.insert(name, &directive["Dimensions"]).is_none());
        }
    }
    sets
}

fn times(times: usize, ended: &(Attempted, FileLeft)) -> Vec<Observation<'_>> {
    (0..times).flat_map(|_| both(ended)).collect()
}

fn both((attempted, left): &(Attempted, FileLeft)) -> [Observation<'_>; 2] {
    [Observation::Attempted(attempted), Observation::Left(left)]
}

#[test]
fn an_attempt_and_the_exit_that_it_leads_to_are_one_line() {
    let ended = ended("acme", None);
    let lines = invocation(&observer(MetricsBy::Team, LogAttempts::All), &both(&ended));
    assert_eq!(lines.len(), 2, "{lines:?}");
    let id = |last| format!("00000000-0000-0000-0000-00000000000{last}");
    let expected = json!({
        "message": "attempt", "team": "acme", "item_id": id(1), "stage_id": id(3),
        "delivery_id": id(2), "attempt": 1, "status": 200, "duration_ms": 203, "lag_ms": 1042, "edge": "succeeded",
    });
    assert_eq!(parsed(&lines)[0], expected);
}

#[test]
fn a_failed_attempt_is_logged_in_any_case_with_its_reason_and_workflow() {
    let (attempted, _) = ended("acme", Some(Reason::Timeout));
    let attempted = Attempted {
        outcome: None,
        ..attempted
    };
    for logged in [LogAttempts::All, LogAttempts::Failed] {
        let lines = observer(MetricsBy::Team, logged).lines(&Observation::Attempted(&attempted));
        let line = &parsed(&lines)[0];
        assert_eq!(
            (&line["level"], &line["reason"]),
            (&json!("WARN"), &json!("timeout"))
        );
        assert_eq!(line["workflow_id"], json!(stage().workflow_id));
        assert!(line["edge"].is_null(), "a retry follows: {line}");
    }
}

#[test]
fn with_failed_only_a_success_is_in_the_metrics_alone() {
    let ended = ended("acme", None);
    let lines = invocation(
        &observer(MetricsBy::Team, LogAttempts::Failed),
        &both(&ended),
    );
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &parsed(&lines)[0];
    assert_eq!(
        (&line["Latency"], &line["DeliveryFailed"]),
        (&json!(203), &json!(0))
    );
}

#[test]
fn a_dead_letter_s_file_leaves_without_an_attempt_so_its_exit_has_a_line() {
    let (_, left) = ended("acme", Some(Reason::DeadLettered));
    let lines = invocation(
        &observer(MetricsBy::Team, LogAttempts::Failed),
        &[Observation::Left(&left)],
    );
    let lines = parsed(&lines);
    assert_eq!(lines[0]["message"], "file left");
    assert_eq!(lines[0]["reason"], "dead_lettered");
    assert_eq!(lines[1]["DeliveryFailed"], 1);
}

#[test]
fn a_batch_has_one_metric_line_whose_metrics_are_by_team_and_for_all() {
    let ended = ended("acme", None);
    let lines = metric_lines(MetricsBy::Team, &times(10, &ended));
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    let sets = sets(line);
    assert_eq!(sets["Latency"], &json!([["Team"], []]));
    assert_eq!(sets["DeliveryFailed"], &json!([["Team"], []]));
    assert_eq!(sets["Lag"], &json!([[]]));
    assert_eq!(sets.len(), 3, "a stage that works has no other metrics");
    assert_eq!(line["Team"], "acme");
    assert_eq!(line["Latency"], json!(vec![203; 10]));
    assert_eq!(line["Lag"], json!(vec![1.042; 10]));
    assert_eq!(line["DeliveryFailed"], json!(vec![0; 10]));
}

#[test]
fn metrics_are_by_stage_or_for_all_if_asked() {
    let ended = ended("acme", None);
    let by_stage = metric_lines(MetricsBy::Stage, &both(&ended));
    assert_eq!(sets(&by_stage[0])["Latency"], &json!([["Stage"], []]));
    assert_eq!(by_stage[0]["Stage"], json!(stage().stage_id));
    let for_all = metric_lines(MetricsBy::All, &both(&ended));
    let directives = &for_all[0]["_aws"]["CloudWatchMetrics"];
    assert_eq!(directives.as_array().unwrap().len(), 1);
    assert!(sets(&for_all[0]).values().all(|sets| **sets == json!([[]])));
}

#[test]
fn each_team_of_a_batch_has_a_line() {
    let (one, other) = (ended("acme", None), ended("other", None));
    let observations: Vec<_> = times(3, &one).into_iter().chain(times(2, &other)).collect();
    let lines = metric_lines(MetricsBy::Team, &observations);
    let teams: Vec<_> = lines
        .iter()
        .map(|line| (&line["Team"], &line["Latency"]))
        .collect();
    assert_eq!(
        teams,
        [
            (&json!("acme"), &json!(vec![203; 3])),
            (&json!("other"), &json!(vec![203; 2]))
        ]
    );
}

#[test]
fn failures_are_counted_by_reason_in_a_line_of_their_own() {
    let (good, bad) = (ended("acme", None), ended("acme", Some(Reason::Timeout)));
    let observations: Vec<_> = times(1, &good).into_iter().chain(times(2, &bad)).collect();
    let lines = metric_lines(MetricsBy::Team, &observations);
    assert_eq!(lines.len(), 2);
    let failed = &lines[1];
    assert_eq!(sets(failed)["FailedAttempts"], &json!([["Team", "Reason"]]));
    assert_eq!(sets(failed)["DeliveryFailed"], &json!([["Team"], []]));
    assert_eq!(
        (&failed["Reason"], &failed["FailedAttempts"]),
        (&json!("timeout"), &json!(2))
    );
    assert_eq!(failed["DeliveryFailed"], json!([1, 1]));
}

#[test]
fn no_metric_has_more_values_in_a_line_than_the_format_allows_and_none_is_lost() {
    let ended = ended("acme", None);
    let lines = metric_lines(MetricsBy::Team, &times(250, &ended));
    for name in ["Latency", "Lag", "DeliveryFailed"] {
        let of_line = |line: &Value| match &line[name] {
            Value::Array(values) => values.len(),
            Value::Number(_) => 1,
            _ => 0,
        };
        assert_eq!(lines.iter().map(of_line).sum::<usize>(), 250, "{name}");
    }
    for line in &lines {
        sets(line);
    }
}

#[test]
fn a_second_invocation_does_not_repeat_the_first_and_an_idle_one_writes_nothing() {
    let (observer, ended) = (
        observer(MetricsBy::Team, LogAttempts::Failed),
        ended("acme", None),
    );
    assert_eq!(invocation(&observer, &both(&ended)).len(), 1);
    assert!(invocation(&observer, &[]).is_empty());
}

#[test]
fn a_team_that_cannot_be_a_dimension_loses_no_metrics() {
    for (team, dimension) in [("Zähler\n", "Z?hler?"), ("", "?"), ("  ", "?")] {
        let ended = ended(team, None);
        let lines = invocation(&observer(MetricsBy::Team, LogAttempts::All), &both(&ended));
        let lines = parsed(&lines);
        assert_eq!(
            (&lines[0]["team"], &lines[1]["Team"]),
            (&json!(team), &json!(dimension))
        );
    }
}

#[test]
fn an_audit_reports_even_when_all_is_well_and_counts_only_what_it_found() {
    let well = metric_lines(MetricsBy::Team, &[Observation::Audited(&Audit::default())]);
    assert_eq!(well[0]["OldestUnfinishedFileAge"], 0);
    assert_eq!(sets(&well[0]).len(), 1);
    let audit = Audit {
        unreadable: 2,
        ..Audit::default()
    };
    let lines = metric_lines(MetricsBy::Team, &[Observation::Audited(&audit)]);
    assert_eq!(lines[0]["UnreadableRecords"], 2);
    assert!(sets(&lines[0]).values().all(|sets| **sets == json!([[]])));
}

#[test]
fn a_record_that_goes_back_counts_unless_its_time_has_not_come() {
    let failure = |code| Observation::BatchItemFailure {
        function: "sender",
        code,
    };
    let lines = metric_lines(
        MetricsBy::Team,
        &[
            failure("engine_forbidden"),
            failure("lease_held"),
            failure("out_of_time"),
        ],
    );
    assert_eq!(lines.len(), 1);
    assert_eq!(sets(&lines[0])["BatchItemFailures"], &json!([["Function"]]));
    assert_eq!(
        (&lines[0]["BatchItemFailures"], &lines[0]["Deferred"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(lines[0]["Function"], "sender");
}

#[test]
fn a_rejected_assignment_is_counted_by_reason() {
    let rejection = rejection();
    let lines = metric_lines(MetricsBy::All, &[Observation::Rejected(&rejection)]);
    assert_eq!(sets(&lines[0])["RejectedAssignments"], &json!([["Reason"]]));
    assert_eq!(lines[0]["Reason"], "busy");
}

#[test]
fn deliveries_put_off_are_one_line_for_each_stage_and_cause() {
    let stage = stage();
    let age = |hours: u64| HeldBy::Pause(Duration::from_secs(3600 * hours));
    for (by, open, paused) in [
        ([HeldBy::Breaker; 3], json!(1), Value::Null),
        ([age(25), age(26), age(24)], Value::Null, json!(93_600)),
        ([HeldBy::Rate; 3], Value::Null, Value::Null),
    ] {
        let lines = metric_lines(
            MetricsBy::Team,
            &by.map(|by| Observation::PutOff(&stage, by)),
        );
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(sets(line)["PutOff"], &json!([["Team", "Cause"]]));
        assert_eq!(
            (&line["Cause"], &line["PutOff"]),
            (&json!(by[0].code()), &json!(3))
        );
        assert_eq!(
            (&line["BreakerOpen"], &line["PausedSeconds"]),
            (&open, &paused)
        );
        assert_eq!(line["stage_id"], json!(stage.stage_id));
    }
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
        let change = changed(kind);
        let lines = metric_lines(MetricsBy::Stage, &[Observation::StageChanged(&change)]);
        assert_eq!(
            sets(&lines[0])["StageChanges"],
            &json!([["Stage", "Change"]])
        );
        assert_eq!(
            (&lines[0]["Change"], &lines[0]["BreakerOpen"]),
            (&json!(kind.code()), &open)
        );
    }
}
