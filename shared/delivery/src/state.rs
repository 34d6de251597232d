use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::{Actor, Stage, Workflow};

use crate::attempt::AttemptSummary;
use crate::document::S3Object;
use crate::reason::Reason;
use crate::time::Timestamp;
use crate::trace::Trace;

/// A file: an item of a team. It is in one workflow at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileKey {
    /// The team's slug.
    pub team: String,
    /// The item.
    pub item_id: Uuid,
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.team, self.item_id)
    }
}

/// Where a file is in its visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// At rest in a stage that is not run here, or in a Webhook stage that it could not leave.
    Waiting,
    /// Arrived at a Webhook stage over an edge; its assignment is on the queue.
    Assigned,
    /// A delivery is open; its next attempt is on the queue.
    Queued,
    /// A sender has claimed the attempt.
    Sending,
    /// At an end of the workflow.
    Complete,
}

impl Status {
    /// Whether nothing is left to do. A file that is not at rest must have a message (invariant 3).
    #[must_use]
    pub const fn is_at_rest(self) -> bool {
        matches!(self, Self::Waiting | Self::Complete)
    }
}

/// How a delivery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A 2xx answer.
    Succeeded,
    /// None of the attempts got a 2xx answer, or an error occurred that no retry can fix.
    Failed,
    /// The stage's condition does not hold for the file, so it was not sent.
    Skipped,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Succeeded, Self::Failed, Self::Skipped];

    /// The edge the file leaves by; a skipped one leaves by [`workflow::SUCCEEDED`] if the stage has no such edge.
    #[must_use]
    pub const fn edge(self) -> &'static str {
        match self {
            Self::Succeeded => workflow::SUCCEEDED,
            Self::Failed => workflow::FAILED,
            Self::Skipped => workflow::SKIPPED,
        }
    }

    /// The stage that a file goes to from `stage_id`; none where the edge is not connected.
    #[must_use]
    pub fn leads_to(self, workflow: &Workflow, stage_id: Uuid) -> Option<&Stage> {
        let target = workflow.next(stage_id, self.edge());
        match self {
            // An edge for skipped files is optional.
            Self::Skipped => target.or_else(|| workflow.next(stage_id, workflow::SUCCEEDED)),
            Self::Succeeded | Self::Failed => target,
        }
    }

    /// Its name in records, events and `--json`, which is also its edge's.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.edge()
    }

    /// Whether the file has passed the stage.
    #[must_use]
    pub const fn is_passed(self) -> bool {
        matches!(self, Self::Succeeded | Self::Skipped)
    }
}

/// One visit of one item to one stage (V7: stage instance).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Its id. For a Webhook stage it is also the delivery's, and the `webhook-id`.
    pub id: Uuid,
    /// The stage visited.
    pub stage_id: Uuid,
    /// Counts the item's visits, from 1.
    pub sequence: u32,
    /// When it began.
    pub entered_at: Timestamp,
    /// Who put the item here.
    pub assigned_by: Actor,
    /// The user the file is assigned to, in a human stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<u64>,
}

/// A delivery's progress and, once it has ended, how it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryState {
    /// The visit's id.
    pub delivery_id: Uuid,
    /// The Webhook stage.
    pub stage_id: Uuid,
    /// The visit's place in the item's visits.
    pub sequence: u32,
    /// Who put the item into the stage.
    pub assigned_by: Actor,
    /// When the delivery was opened.
    pub opened_at: Timestamp,
    /// The number of the attempt that is due, being made, or (after the end) was the last; from 1.
    pub attempt: u32,
    /// When that attempt is due.
    pub next_at: Timestamp,
    /// For how long in sum, in milliseconds, the stage's circuit breaker has held the delivery back.
    #[serde(default, skip_serializing_if = "is_zero_ms")]
    pub held_ms: u64,
    /// Whether `next_at` is a time that was reserved for its call, to keep to a rate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_reserved: bool,
    /// Whether the stage's condition held for the file: it is evaluated once, when the first attempt is due.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_wanted: bool,
    /// While a sender has claimed the attempt: the time until which no other may claim it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease_until: Option<Timestamp>,
    /// The claim's id, so that two senders which claim in the same millisecond do not mistake each other's
    /// write for their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_id: Option<Uuid>,
    /// The attempts made so far, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptSummary>,
    /// Whether the document is inline in the delivery's messages, and nowhere else.
    #[serde(default, skip_serializing_if = "is_false")]
    pub inline: bool,
    /// The document's object, when the assignment named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<S3Object>,
    /// The trace that its calls belong to, unless it begins with this delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Trace>,
    /// How it ended; none while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// The stage its file went to; none when the edge is unconnected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<Uuid>,
}

impl DeliveryState {
    /// The delivery of a visit that begins at this time: its first attempt is due at once.
    #[must_use]
    pub fn open(visit: &Visit, now: Timestamp) -> Self {
        Self {
            delivery_id: visit.id,
            stage_id: visit.stage_id,
            sequence: visit.sequence,
            assigned_by: visit.assigned_by.clone(),
            opened_at: now,
            attempt: 1,
            next_at: now,
            held_ms: 0,
            is_reserved: false,
            is_wanted: false,
            lease_until: None,
            claim_id: None,
            attempts: Vec::new(),
            inline: false,
            document: None,
            trace: None,
            outcome: None,
            reason: None,
            ended_at: None,
            moved_to: None,
        }
    }

    /// The trace that its calls belong to.
    #[must_use]
    pub fn trace(&self) -> Trace {
        let begun = || Trace::begun_by(self.delivery_id);
        self.trace.unwrap_or_else(begun)
    }

    /// How many of the attempts were calls: none was made while the circuit breaker was open, or if the stage's own
    /// condition or body was at fault.
    #[must_use]
    pub fn calls(&self) -> usize {
        let is_call = |reason: Option<Reason>| {
            !matches!(
                reason,
                Some(Reason::CircuitOpen | Reason::ConditionInvalid | Reason::BodyInvalid)
            )
        };
        let attempts = self.attempts.iter();
        attempts.filter(|attempt| is_call(attempt.reason)).count()
    }

    /// The HTTP status of the last attempt that got an answer.
    #[must_use]
    pub fn last_status(&self) -> Option<u16> {
        self.attempts.last().and_then(|attempt| attempt.status)
    }
}

/// A file's state record: one small record per file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// The file.
    pub key: FileKey,
    /// The workflow it is in.
    pub workflow_id: Uuid,
    /// Counts the record's writes, from 1. Every write is conditional on the previous version.
    pub version: u64,
    /// Where it is.
    pub status: Status,
    /// The current visit.
    pub visit: Visit,
    /// The current delivery, or the last one while the file is in another stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryState>,
    /// Webhook stages this file has left by `succeeded`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub passed: BTreeSet<Uuid>,
    /// How many Webhook stages it has entered in a row without a person in between (hops).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hops: u32,
    /// When the record was last written.
    pub updated_at: Timestamp,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_zero_ms(number: &u64) -> bool {
    *number == 0
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl FileState {
    /// Whether it is at rest and its last webhook failed.
    #[must_use]
    pub fn is_failed_at_rest(&self) -> bool {
        self.status.is_at_rest()
            && self
                .delivery
                .as_ref()
                .is_some_and(|d| d.outcome == Some(Outcome::Failed))
    }
}
