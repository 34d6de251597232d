use std::time::Duration;

use delivery::control::{Change, ChangeKind, HeldBy, StageKey};
use delivery::ports::Observation;
use delivery::usecase::Audit;
use delivery::{Attempted, FileLeft, Outcome, Reason};
use uuid::Uuid;

use super::emf::{Merge, Metric, Observed, Sets, Shared};
use super::settings::MetricsBy;

const LATENCY: Metric = kept("Latency", Some("Milliseconds"), Sets::FirstAndAll);
const LAG: Metric = kept("Lag", Some("Seconds"), Sets::All);
const DELIVERY_FAILED: Metric = kept("DeliveryFailed", None, Sets::FirstAndAll);
const FAILED_ATTEMPTS: Metric = counted("FailedAttempts", Sets::Each);
const REJECTED_ASSIGNMENTS: Metric = counted("RejectedAssignments", Sets::Each);
/// Files that were not sent, because their stage's condition did not hold.
const SKIPPED: Metric = counted("Skipped", Sets::Each);
const PUT_OFF: Metric = counted("PutOff", Sets::Each);
const STAGE_CHANGES: Metric = counted("StageChanges", Sets::Each);
const BREAKER_OPEN: Metric = largest("BreakerOpen", None);
const PAUSED_SECONDS: Metric = largest("PausedSeconds", Some("Seconds"));
const BATCH_ITEM_FAILURES: Metric = counted("BatchItemFailures", Sets::Each);
const DEFERRED: Metric = counted("Deferred", Sets::Each);
const OLDEST_UNFINISHED_FILE_AGE: Metric = largest("OldestUnfinishedFileAge", Some("Seconds"));
const STUCK_FILES: Metric = counted("StuckFiles", Sets::All);
const UNREADABLE_RECORDS: Metric = counted("UnreadableRecords", Sets::All);

const fn kept(name: &'static str, unit: Option<&'static str>, sets: Sets) -> Metric {
    let merge = Merge::Keep;
    Metric {
        name,
        unit,
        merge,
        sets,
    }
}

const fn counted(name: &'static str, sets: Sets) -> Metric {
    let (unit, merge) = (None, Merge::Sum);
    Metric {
        name,
        unit,
        merge,
        sets,
    }
}

const fn largest(name: &'static str, unit: Option<&'static str>) -> Metric {
    let (merge, sets) = (Merge::Max, Sets::All);
    Metric {
        name,
        unit,
        merge,
        sets,
    }
}

/// The values that an observation adds to metrics.
pub(super) fn observed(observation: &Observation<'_>, by: MetricsBy) -> Option<Observed> {
    let shared = |team: &str, stage_id: Uuid, dimension| Shared {
        by: match by {
            MetricsBy::Team => Some(("Team", team.to_owned())),
            MetricsBy::Stage => Some(("Stage", stage_id.to_string())),
            MetricsBy::All => None,
        },
        dimension,
        fields: Vec::new(),
    };
    let of_reason = |reason: Option<Reason>| reason.map(|reason| ("Reason", reason.code()));
    Some(match observation {
        Observation::Attempted(it) => Observed {
            shared: shared(&it.key.team, it.stage_id, of_reason(it.summary.reason)),
            values: attempted(it),
        },
        Observation::Left(it) => Observed {
            shared: shared(&it.key.team, it.stage_id, of_reason(it.reason)),
            values: left(it),
        },
        Observation::Rejected(it) => Observed {
            shared: shared(
                &it.key.team,
                it.stage_id,
                Some(("Reason", it.reason.code())),
            ),
            values: vec![(REJECTED_ASSIGNMENTS, 1.0)],
        },
        Observation::PutOff(stage, held_by) => Observed {
            // One line for each stage, so that the log says which it is.
            shared: Shared {
                fields: of_stage(stage),
                ..shared(&stage.team, stage.stage_id, Some(("Cause", held_by.code())))
            },
            values: put_off(*held_by),
        },
        Observation::StageChanged(it) => Observed {
            shared: shared(
                &it.stage.team,
                it.stage.stage_id,
                Some(("Change", it.change.code())),
            ),
            values: stage_changed(it),
        },
        Observation::Audited(audit) => Observed {
            shared: Shared::default(),
            values: audited(audit),
        },
        Observation::BatchItemFailure { function, code } => Observed {
            shared: Shared {
                dimension: Some(("Function", function)),
                ..Shared::default()
            },
            values: vec![(went_back(code), 1.0)],
        },
        _ => return None,
    })
}

fn attempted(attempted: &Attempted) -> Vec<(Metric, f64)> {
    let summary = &attempted.summary;
    let mut values = vec![
        (LATENCY, summary.duration_ms.into()),
        (LAG, seconds(attempted.lag)),
    ];
    values.extend(summary.reason.map(|_| (FAILED_ATTEMPTS, 1.0)));
    values
}

/// Seconds with three decimals at most.
fn seconds(time: Duration) -> f64 {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)).as_secs_f64()
}

fn left(left: &FileLeft) -> Vec<(Metric, f64)> {
    if left.outcome == Outcome::Skipped {
        // It was not delivered, and is no part of the failure rate.
        return vec![(SKIPPED, 1.0)];
    }
    let failed = u32::from(left.reason.is_some());
    vec![(DELIVERY_FAILED, failed.into())]
}

fn of_stage(stage: &StageKey) -> Vec<(&'static str, String)> {
    vec![
        ("team", stage.team.clone()),
        ("workflow_id", stage.workflow_id.to_string()),
        ("stage_id", stage.stage_id.to_string()),
    ]
}

fn put_off(by: HeldBy) -> Vec<(Metric, f64)> {
    let mut values = vec![(PUT_OFF, 1.0)];
    values.extend(match by {
        // So that it does not look closed for as long as nothing is called.
        HeldBy::Breaker => Some((BREAKER_OPEN, 1.0)),
        HeldBy::Pause(age) => Some((PAUSED_SECONDS, whole(age))),
        HeldBy::Rate => None,
    });
    values
}

fn whole(time: Duration) -> f64 {
    Duration::from_secs(time.as_secs()).as_secs_f64()
}

fn stage_changed(change: &Change) -> Vec<(Metric, f64)> {
    let open = match change.change {
        ChangeKind::BreakerOpened => Some(1.0),
        ChangeKind::BreakerClosed => Some(0.0),
        _ => None,
    };
    let mut values = vec![(STAGE_CHANGES, 1.0)];
    values.extend(open.map(|open| (BREAKER_OPEN, open)));
    values
}

fn audited(audit: &Audit) -> Vec<(Metric, f64)> {
    let mut values = vec![(OLDEST_UNFINISHED_FILE_AGE, whole(audit.oldest))];
    let found = [
        (STUCK_FILES, audit.stuck.len() as u64),
        (UNREADABLE_RECORDS, audit.unreadable),
    ];
    // A metric without values costs nothing, and its alarm takes missing data for good.
    let found = found.into_iter().filter(|(_, found)| *found > 0);
    values.extend(found.map(|(metric, found)| (metric, count(found))));
    values
}

#[allow(
    clippy::cast_precision_loss,
    reason = "CloudWatch's values are of this type, and exact to 2^53"
)]
const fn count(found: u64) -> f64 {
    found as f64
}

/// Another sender has claimed the attempt, or the invocation is almost over: neither is an error.
fn went_back(code: &str) -> Metric {
    match code {
        "lease_held" | "out_of_time" => DEFERRED,
        _ => BATCH_ITEM_FAILURES,
    }
}
