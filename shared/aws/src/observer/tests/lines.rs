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
    lines.into_iter().filter(|line| !line["_aws"].is_null()).collect()
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
        "level": "INFO", "message": "attempt", "team": "acme", "item_id": id(1), "stage_id": id(3),
        "delivery_id": id(2), "attempt": 1, "status": 200, "duration_ms": 203, "lag_ms": 1042, "edge": "succeeded",
    });
    assert_eq!(parsed(&lines)[0], expected);
}

#[test]
fn a_failed_attempt_is_logged_in_any_case_with_its_reason_and_workflow() {
    let (attempted, _) = ended("acme", Some(Reason::Timeout));
    let attempted = Attempted { outcome: None, ..attempted };
    for logged in [LogAttempts::All, LogAttempts::Failed] {
        let lines = observer(MetricsBy::Team, logged).lines(&Observation::Attempted(&attempted));
        let line = &parsed(&lines)[0];
        assert_eq!((&line["level"], &line["reason"]), (&json!("WARN"), &json!("timeout")));
        assert_eq!(line["workflow_id"], json!(stage().workflow_id));
        assert!(line["edge"].is_null(), "a retry follows: {line}");
    }
}

#[test]
fn with_failed_only_a_success_is_in_the_metrics_alone() {
    let ended = ended("acme", None);
    let lines = invocation(&observer(MetricsBy::Team, LogAttempts::Failed), &both(&ended));
    assert_eq!(lines.len(), 1, "{lines:?}");
    let line = &parsed(&lines)[0];
    assert_eq!((&line["Latency"], &line["DeliveryFailed"]), (&json!(203), &json!(0)));
}

#[test]
fn a_dead_letter_s_file_leaves_without_an_attempt_so_its_exit_has_a_line() {
    let (_, left) = ended("acme", Some(Reason::DeadLettered));
    let lines = invocation(&observer(MetricsBy::Team, LogAttempts::Failed), &[Observation::Left(&left)]);
    let lines = parsed(&lines);
    assert_eq!(lines[0]["message"], "file left");
    assert_eq!(lines[0]["reason"], "dead_lettered");
    assert_eq!(lines[1]["DeliveryFailed"], 1);
}

#[test]
fn a_batch_has_one_metric_line_whose_metrics_are_by_team_and_for_all() {
    let ended = ended("acme", None);
    let lines = metric_lines(MetricsBy::Team, &both(&ended).map(|it| [it]).concat().repeat_ten());
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    let sets = sets(line);
    assert_eq!(sets["Latency"], &json!([["Team"], []]));
    assert_eq!(sets["DeliveryFailed"], &json!([["Team"], []]));
    assert_eq!(sets["Lag"], &json!([[]]));
    assert_eq!(sets.len(), 3, "a stage that works has no metrics but these");
    assert_eq!(line["Team"], "acme");
    assert_eq!(line["Latency"], json!([203; 10]));
    assert_eq!(line["Lag"], json!([1.042; 10]));
    assert_eq!(line["DeliveryFailed"], json!([0; 10]));
}
