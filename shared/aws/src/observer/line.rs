use delivery::{Attempted, FileLeft, Outcome, Trace, TraceId};
use serde::Serialize;
use uuid::Uuid;

/// A log line about a file. It has no field whose value a receiver or a document could choose.
#[derive(Serialize)]
struct Line<'a> {
    /// Left out for `INFO`, which Lambda assumes:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html>
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'static str>,
    message: &'static str,
    team: &'a str,
    item_id: Uuid,
    stage_id: Uuid,
    /// Only when something failed, for the commands that ask for it: a stage belongs to one workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<Uuid>,
    delivery_id: Uuid,
    /// Unless it is the delivery's id, as for a trace that begins with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<TraceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_ms: Option<u64>,
    /// The edge by which the file leaves its stage, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    edge: Option<&'static str>,
}

impl Line<'_> {
    fn json(&self) -> String {
        // Serialising to memory fails only for maps with keys that are not strings.
        serde_json::to_string(self).unwrap_or_default()
    }
}

fn unless_begun(trace_id: TraceId, delivery_id: Uuid) -> Option<TraceId> {
    (trace_id != Trace::begun_by(delivery_id).id()).then_some(trace_id)
}

/// The line of an attempt.
pub(super) fn attempt(attempted: &Attempted) -> String {
    let summary = &attempted.summary;
    let failed = summary.reason.is_some();
    Line {
        level: failed.then_some("WARN"),
        message: "attempt",
        team: &attempted.key.team,
        item_id: attempted.key.item_id,
        stage_id: attempted.stage_id,
        workflow_id: failed.then_some(attempted.workflow_id),
        delivery_id: attempted.delivery_id,
        trace_id: unless_begun(attempted.trace_id, attempted.delivery_id),
        attempt: Some(summary.attempt),
        status: summary.status,
        reason: summary.reason.map(delivery::Reason::code),
        duration_ms: Some(summary.duration_ms),
        lag_ms: Some(u64::try_from(attempted.lag.as_millis()).unwrap_or(u64::MAX)),
        edge: attempted.outcome.map(delivery::Outcome::edge),
    }
    .json()
}

/// The line of a file that left without an attempt of its own.
pub(super) fn left(left: &FileLeft) -> String {
    let is_skipped = left.outcome == Outcome::Skipped;
    Line {
        level: (!is_skipped).then_some("WARN"),
        message: if is_skipped {
            "file skipped"
        } else {
            "file left"
        },
        team: &left.key.team,
        item_id: left.key.item_id,
        stage_id: left.stage_id,
        workflow_id: Some(left.workflow_id),
        delivery_id: left.delivery_id,
        trace_id: unless_begun(left.trace_id, left.delivery_id),
        attempt: None,
        status: None,
        reason: left.reason.map(delivery::Reason::code),
        duration_ms: None,
        lag_ms: None,
        edge: Some(left.outcome.edge()),
    }
    .json()
}
