use std::time::Duration;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::Actor;

use crate::control::{Lane, StageKey};
use crate::document::DocumentRef;
use crate::error::PortErrorKind;
use crate::format::{self, FormatError, Formatted, LOOK_AGAIN, Newer};
use crate::state::FileKey;
use crate::team::{InvalidTeam, check_team};
use crate::trace::{self, Trace};

/// The longest message body that a queue accepts: 1 MiB, as in SQS.
pub const MAX_BODY: usize = 1024 * 1024;

/// The longest inline document beside which a message also carries a snapshot of the record.
const LARGEST_WITH_SNAPSHOT: usize = 60 * 1024;

/// The command to put an item into a stage and, if that is a Webhook stage, to fire it.
///
/// Producers send it to the assignments queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Identifies the command: sent again with the same id, it has no second effect.
    pub assignment_id: Uuid,
    /// The team's slug.
    pub team: String,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The stage to put the item into.
    pub stage_id: Uuid,
    /// The item.
    pub item_id: Uuid,
    /// Who assigns: a user with a role, or the workflow itself.
    pub assigned_by: Actor,
    /// The user to assign the item to, in a stage where people work. A Worker assigns items to themselves only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<u64>,
    /// The item's document; by default the stored one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentRef>,
    /// The producer's trace, as a W3C `traceparent`. One that is not valid is ignored.
    #[serde(
        rename = "traceparent",
        default,
        skip_serializing_if = "Option::is_none",
        with = "trace::in_message"
    )]
    pub trace: Option<Trace>,
    /// How often it was put back because its item was on its way. Producers leave it out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub waits: u32,
}

const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// An instruction to look at a delivery. It never decides anything itself: the state record does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// The visit's id, sent as `webhook-id`.
    pub delivery_id: Uuid,
    /// The team's slug.
    pub team: String,
    /// The item.
    pub item_id: Uuid,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The Webhook stage.
    pub stage_id: Uuid,
    /// What to do.
    #[serde(flatten)]
    pub task: Task,
    /// The item's document; by default the stored one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentRef>,
    /// The lane that it is sent in.
    #[serde(default, skip_serializing_if = "Lane::is_fast")]
    pub lane: Lane,
    /// The file's record when the message was sent, see [`FileStates::snapshot`](crate::ports::FileStates::snapshot).
    /// It may be out of date, so nothing but a conditional write may follow from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<String>,
}

/// What a delivery message asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// `"attempt": 1`: make this attempt, counted from 1, unless it has been made.
    Attempt(u32),
    /// `"check": {}`: make no attempt, but send again what may be missing. Sent after a rejection, see
    /// [`crate::machine::dispatch_step`].
    Check {},
}

/// A message that could not be handled, in the form in which it is parked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The queue it came from: `assignments` or `deliveries`.
    pub queue: String,
    /// The message body, unchanged unless it is too long to be parked.
    pub body: String,
    /// Why it was dead-lettered, in one line.
    pub cause: String,
}

impl DeadLetter {
    /// The file that its body names, as far as that can be read, even if the body is not a valid message.
    #[must_use]
    pub fn file(&self) -> Option<FileKey> {
        serde_json::from_str(&self.body).ok()
    }
}

/// A message of a group, by which its queue is shared fairly.
pub trait Grouped: Formatted + Serialize + Send + Sync {
    /// The message group: for messages about a file the stage, so that a slow one delays no other. None for no
    /// group.
    fn group(&self) -> Option<String>;
}

impl Grouped for Assignment {
    fn group(&self) -> Option<String> {
        Some(self.stage_id.to_string())
    }
}

impl Grouped for Delivery {
    fn group(&self) -> Option<String> {
        Some(self.stage_id.to_string())
    }
}

impl Grouped for DeadLetter {
    fn group(&self) -> Option<String> {
        Some(self.queue.clone())
    }
}

/// A message body that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// It is not JSON, or does not have this message's fields.
    #[error("{what} message cannot be read at line {line}, column {column}: {problem}")]
    Unreadable {
        /// `assignment` or `delivery`.
        what: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong there. It never quotes the message, which may contain anything.
        problem: &'static str,
    },
    /// A later version wrote it. It is not at fault: it waits for a version that knows its format.
    #[error(transparent)]
    Newer(Newer),
    /// Its team is invalid, because it cannot be part of a key.
    #[error("{what} message: {invalid}")]
    Team {
        /// `assignment` or `delivery`.
        what: &'static str,
        /// What is wrong with it.
        invalid: InvalidTeam,
    },
}

impl MessageError {
    /// A stable code for machines.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Newer(_) => PortErrorKind::Newer.code(),
            Self::Unreadable { .. } | Self::Team { .. } => "invalid_message",
        }
    }

    /// How long to wait before the message is looked at again, if it is not at fault.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Newer(_)).then_some(LOOK_AGAIN)
    }

    /// Only the place is kept, because serde's own text may quote the message.
    fn from_json(what: &'static str, error: &serde_json::Error) -> Self {
        let problem = match error.classify() {
            serde_json::error::Category::Data => "a field is missing or has the wrong type",
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                "it is not JSON"
            }
        };
        Self::Unreadable {
            what,
            line: error.line(),
            column: error.column(),
            problem,
        }
    }
}

/// Reads an object. For an assignment serde would also accept an array, with the fields in order.
fn read<M: Formatted + DeserializeOwned>(body: &str) -> Result<M, MessageError> {
    let what = M::WHAT;
    let is_json = || serde_json::from_str::<IgnoredAny>(body).is_ok();
    if !body.trim_ascii_start().starts_with('{') && is_json() {
        return Err(MessageError::Unreadable {
            what,
            line: 1,
            column: 1,
            problem: "it is not a JSON object",
        });
    }
    format::read(body).map_err(|error| match error {
        FormatError::Newer(newer) => MessageError::Newer(newer),
        FormatError::Unreadable(error) => MessageError::from_json(what, &error),
    })
}

fn valid_team(what: &'static str, team: &str) -> Result<(), MessageError> {
    check_team(team).map_err(|invalid| MessageError::Team { what, invalid })
}

impl Assignment {
    /// Reads a message body.
    ///
    /// # Errors
    /// [`MessageError`] with the place, when the body is not an assignment.
    pub fn parse(body: &str) -> Result<Self, MessageError> {
        let read: Self = read(body)?;
        valid_team("assignment", &read.team)?;
        Ok(read)
    }

    /// The file it is about.
    #[must_use]
    pub fn key(&self) -> FileKey {
        FileKey {
            team: self.team.clone(),
            item_id: self.item_id,
        }
    }
}

impl Delivery {
    /// Reads a message body.
    ///
    /// # Errors
    /// [`MessageError`] with the place, when the body is not a delivery.
    pub fn parse(body: &str) -> Result<Self, MessageError> {
        let read: Self = read(body)?;
        valid_team("delivery", &read.team)?;
        if read.task == Task::Attempt(0) {
            return Err(MessageError::Unreadable {
                what: "delivery",
                line: 1,
                column: 1,
                problem: "attempts are counted from 1",
            });
        }
        Ok(read)
    }

    /// The file it is about.
    #[must_use]
    pub fn key(&self) -> FileKey {
        FileKey {
            team: self.team.clone(),
            item_id: self.item_id,
        }
    }

    /// The stage it is about.
    #[must_use]
    pub fn stage(&self) -> StageKey {
        StageKey {
            team: self.team.clone(),
            workflow_id: self.workflow_id,
            stage_id: self.stage_id,
        }
    }

    /// Whether its document leaves room for a snapshot within the first 64 KB, which SQS bills as one request.
    pub(crate) fn has_room_for_snapshot(&self) -> bool {
        match &self.document {
            Some(DocumentRef::Inline(json)) => json.get().len() <= LARGEST_WITH_SNAPSHOT,
            _ => true,
        }
    }

    /// The same message for another attempt, without what it knew of the record.
    #[must_use]
    pub fn for_attempt(&self, attempt: u32) -> Self {
        Self {
            task: Task::Attempt(attempt),
            snapshot: None,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Assignment, Delivery};

    const ID: &str = "7194e3c3-04a7-55ae-b99e-90a213025b86";

    #[test]
    fn a_team_is_one_segment_of_a_key() {
        for team in ["", "a/b", &"x".repeat(256)] {
            let delivery = format!(
                r#"{{"delivery_id":"{ID}","team":"{team}","item_id":"{ID}","workflow_id":"{ID}","stage_id":"{ID}","attempt":1}}"#
            );
            let error = Delivery::parse(&delivery).unwrap_err().to_string();
            assert!(error.starts_with("delivery message: the team "), "{error}");
        }
    }

    /// By position, it would change its meaning as soon as a field is added.
    #[test]
    fn an_array_is_no_message() {
        let delivery = format!(r#" ["{ID}","team","{ID}","{ID}","{ID}",1]"#);
        let error = Delivery::parse(&delivery).unwrap_err();
        assert_eq!(
            error.to_string(),
            "delivery message cannot be read at line 1, column 1: it is not a JSON object"
        );
        let actor = r#"{"user":{"role":"admin"}}"#;
        let assignment = format!(r#"["{ID}","team","{ID}","{ID}","{ID}",{actor}]"#);
        assert!(Assignment::parse(&assignment).is_err());
    }
}
