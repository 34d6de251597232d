//! What the functions observe, and the lines that they write about it.

use std::time::Duration;

use delivery::control::{Change, ChangeKind, StageKey};
use delivery::ports::Observation;
use delivery::{
    AttemptSummary, Attempted, FileKey, FileLeft, Outcome, Reason, Rejection, Timestamp, Trace,
};
use serde_json::Value;
use uuid::Uuid;
use workflow::{Actor, RejectReason, Role};

use super::super::{CloudWatchObserver, LogAttempts, MetricsBy, Settings};

pub(super) fn observer(metrics_by: MetricsBy, log_attempts: LogAttempts) -> CloudWatchObserver {
    CloudWatchObserver::new(Settings {
        namespace: "WebhookStage/webhook-stage".to_owned(),
        metrics_by,
        log_attempts,
    })
}

/// The lines of one invocation.
pub(super) fn invocation(
    observer: &CloudWatchObserver,
    observations: &[Observation<'_>],
) -> Vec<String> {
    let mut lines: Vec<_> = observations
        .iter()
        .flat_map(|observation| observer.lines(observation))
        .collect();
    lines.extend(observer.flush());
    lines
}

pub(super) fn parsed(lines: &[String]) -> Vec<Value> {
    let lines = lines.iter().map(|line| serde_json::from_str(line));
    lines.collect::<Result<_, _>>().unwrap()
}

pub(super) fn key(team: &str) -> FileKey {
    FileKey {
        team: team.to_owned(),
        item_id: Uuid::from_u128(1),
    }
}

pub(super) fn stage() -> StageKey {
    StageKey {
        team: "acme".to_owned(),
        workflow_id: Uuid::from_u128(4),
        stage_id: Uuid::from_u128(3),
    }
}

/// The last attempt of a delivery of this team, and the file's exit.
pub(super) fn ended(team: &str, reason: Option<Reason>) -> (Attempted, FileLeft) {
    let at = Timestamp::from_millis(1_790_000_000_000);
    let outcome = match reason {
        None => Outcome::Succeeded,
        Some(_) => Outcome::Failed,
    };
    let attempted = Attempted {
        key: key(team),
        workflow_id: stage().workflow_id,
        stage_id: stage().stage_id,
        delivery_id: Uuid::from_u128(2),
        trace_id: Trace::begun_by(Uuid::from_u128(2)).id(),
        summary: AttemptSummary {
            attempt: 1,
            at,
            status: reason.is_none().then_some(200),
            reason,
            duration_ms: 203,
        },
        lag: Duration::from_millis(1042),
        outcome: Some(outcome),
    };
    let left = FileLeft {
        key: key(team),
        workflow_id: stage().workflow_id,
        stage_id: stage().stage_id,
        delivery_id: Uuid::from_u128(2),
        trace_id: Trace::begun_by(Uuid::from_u128(2)).id(),
        outcome,
        reason,
        attempts: 1,
        moved_to: None,
        at,
    };
    (attempted, left)
}

pub(super) fn changed(change: ChangeKind) -> Change {
    Change {
        stage: stage(),
        change,
        reason: Some(Reason::Timeout),
        paused_by: None,
        pause_reason: None,
        until: None,
        at: Timestamp::from_millis(0),
    }
}

pub(super) fn rejection() -> Rejection {
    Rejection {
        key: key("acme"),
        assignment_id: Uuid::nil(),
        workflow_id: stage().workflow_id,
        stage_id: stage().stage_id,
        actor: Actor::User {
            id: None,
            role: Role::Admin,
        },
        reason: RejectReason::Busy,
        at: Timestamp::from_millis(0),
    }
}
