use std::collections::BTreeMap;
use std::time::Duration;

use delivery::{AttemptSummary, Attempted, Outcome, Trace};
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
        trace_id: Trace::begun_by(Uuid::from_u128(2)).id(),
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
            trace_id: Trace::begun_by(Uuid::nil()).id(),
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
        (HeldBy::Pause(Duration::ZERO), Value::Null),
        (HeldBy::Rate, Value::Null),
    ] {
        let (line, sets) = of_stage(&Observation::PutOff(&stage(), by));
        assert_eq!(sets["PutOff"], json!([["Stage", "Cause"], ["Cause"]]));
        assert_eq!(line["Cause"], by.code());
        assert_eq!(line["BreakerOpen"], open, "{by:?}");
    }
    let age = Duration::from_secs(90_000);
    let (line, sets) = of_stage(&Observation::PutOff(&stage(), HeldBy::Pause(age)));
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
            stage: stage(),
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
