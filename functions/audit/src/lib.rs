//! The audit function: on a schedule, it looks through a segment of all files for those whose next step
//! is long past due, and sends their messages again.

use std::time::Duration;

use delivery::Timestamp;
use delivery::ports::{AuditPorts, Clock, PortError, ScanSegment};
use delivery::usecase::{AuditSettings, audit};
use lambda_runtime::LambdaEvent;
use serde::{Deserialize, Serialize};

/// One segment is looked through in each interval: an hour.
const INTERVAL: i64 = 3600;

/// How the function is set up.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Segments that all files are looked through in, one an hour.
    pub segments: u32,
    /// How long past due a file is stuck.
    pub grace: Duration,
    /// Whether the messages of stuck files are sent again.
    pub repair: bool,
}

/// What a schedule or a person asks for; what is left out is as it was set up.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Request {
    /// Segments; 1 looks through all files now.
    pub segments: Option<u32>,
    /// How long past due a file is stuck, in seconds.
    pub grace_seconds: Option<u64>,
    /// Whether to send messages again.
    pub repair: Option<bool>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Which segment, from 0.
    pub segment: u32,
    /// Of how many.
    pub of: u32,
    /// Files that are not at rest.
    pub unfinished: u64,
    /// How long the file that is most past due is so.
    pub oldest_seconds: u64,
    /// Files whose next step is past due for longer than the grace.
    pub stuck: usize,
    /// Of these, whose messages were sent again.
    pub repaired: usize,
    /// Records that cannot be read.
    pub unreadable: u64,
}

/// An audit failed: it is tried again, and an alarm watches for the report that stays out.
#[derive(Debug, thiserror::Error)]
#[error("the audit failed: {0}")]
pub struct Error(#[from] PortError);

impl Error {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.0.kind.code()
    }
}

/// Audits the segment whose turn it is.
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
    })
}

/// Stuck files named in the log at most: with more of them it is the engine that is at fault, not one file.
const MOST_NAMED: usize = 100;

/// Segments of a DynamoDB scan at most.
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
