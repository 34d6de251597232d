//! The audit function. On a schedule it looks through one segment of all files for stuck ones, whose next step
//! is long past due, and sends their messages again. A person may invoke it with `{"segments": 1}` to look
//! through all files at once.

use std::time::Duration;

use delivery::Timestamp;
use delivery::ports::{AuditPorts, Clock, PortError, ScanSegment};
use delivery::usecase::{AuditSettings, audit};
use lambda_runtime::LambdaEvent;
use serde::{Deserialize, Serialize};

/// The interval in which one segment is looked through: an hour.
const INTERVAL: i64 = 3600;

/// Settings of the function.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The number of segments that the files are divided into. One is looked through per hour.
    pub segments: u32,
    /// How long past due a file counts as stuck.
    pub grace: Duration,
    /// Whether to send the messages of stuck files again.
    pub repair: bool,
}

/// What the schedule or a person asks for. Fields that are left out default to the settings.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The number of segments; with 1 all files are looked through now.
    pub segments: Option<u32>,
    /// How long past due a file counts as stuck, in seconds.
    pub grace_seconds: Option<u64>,
    /// Whether to send messages again.
    pub repair: Option<bool>,
}

/// What an audit found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which segment, from 0.
    pub segment: u32,
    /// The number of segments.
    pub of: u32,
    /// Files that are not at rest.
    pub unfinished: u64,
    /// How long the most overdue file is past due.
    pub oldest_seconds: u64,
    /// Files whose next step is past due for longer than the grace.
    pub stuck: usize,
    /// How many of these had their messages sent again.
    pub repaired: usize,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Records that only a later version can read.
    pub newer: u64,
}

/// An audit failed. It is tried again, and an alarm goes off if its report stays missing.
#[derive(Debug, thiserror::Error)]
#[error("the audit failed: {0}")]
pub struct Error(#[from] PortError);

/// Audits the segment that is next by the clock.
///
/// # Errors
/// [`Error`] when the table or a queue fails.
pub async fn handle<P: AuditPorts>(
    ports: &P,
    settings: &Settings,
    event: LambdaEvent<Request>,
) -> Result<Report, Error> {
    let request = event.payload;
    let of = request
        .segments
        .unwrap_or(settings.segments)
        .clamp(1, MAX_SEGMENTS);
    let number = turn(ports.clock().now(), of);
    let settings = AuditSettings {
        segment: ScanSegment { number, of },
        grace: request
            .grace_seconds
            .map_or(settings.grace, Duration::from_secs),
        repair: request.repair.unwrap_or(settings.repair),
    };
    let found = audit(ports, settings).await?;
    for file in found.stuck.iter().take(MOST_NAMED) {
        tracing::warn!(
            team = %file.key.team, item_id = %file.key.item_id, stage_id = %file.stage_id,
            status = ?file.status, past_due_seconds = file.past_due.as_secs(), repaired = file.repaired,
            "stuck file"
        );
    }
    Ok(Report {
        segment: number,
        of,
        unfinished: found.unfinished,
        oldest_seconds: found.oldest.as_secs(),
        stuck: found.stuck.len(),
        repaired: found.stuck.iter().filter(|file| file.repaired).count(),
        unreadable: found.unreadable,
        newer: found.newer,
    })
}

/// The most stuck files that are named in the log. If there are more, the engine is the cause, not one file.
const MOST_NAMED: usize = 100;

/// The most segments of a DynamoDB scan.
const MAX_SEGMENTS: u32 = 1_000_000;

fn turn(now: Timestamp, of: u32) -> u32 {
    let turn = now.as_secs().div_euclid(INTERVAL).rem_euclid(of.into());
    u32::try_from(turn).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_segment_has_its_turn() {
        let turns: Vec<u32> = (0..26)
            .map(|hour| turn(Timestamp::from_millis(hour * 3_600_000 + 59), 24))
            .collect();
        assert_eq!(turns[..24], (0..24).collect::<Vec<_>>());
        assert_eq!(turns[24..], [0, 1]);
        assert_eq!(turn(Timestamp::from_millis(1_790_000_000_000), 1), 0);
    }
}
