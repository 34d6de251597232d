use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::Actor;

use crate::format::{self, FormatError, Formatted};
use crate::item::ItemFilter;
use crate::message::Grouped;

/// The most items that one message names by their ids, so that it stays well within a queue's limit.
pub const MAX_NAMED: usize = 10_000;

/// The command to assign many items, which is carried out a page at a time: after each, the message with the rest is
/// sent. An API answers as soon as it is on its queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BulkAssignment {
    /// Identifies the command. The ids of its assignments are derived from it, so that a page which is done twice has no
    /// second effect.
    pub command_id: Uuid,
    /// The team's slug.
    pub team: String,
    /// The workflow.
    pub workflow_id: Uuid,
    /// The stage to put the items into; none for the stage that each is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage_id: Option<Uuid>,
    /// Who assigns.
    pub assigned_by: Actor,
    /// The user to assign the items to, in a stage where people work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<u64>,
    /// Which items.
    pub filter: ItemFilter,
    /// The last item that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Uuid>,
}

impl Formatted for BulkAssignment {
    const WHAT: &'static str = "bulk assignment";
    const FORMAT: u64 = 1;
}

impl Grouped for BulkAssignment {
    fn group(&self) -> Option<String> {
        Some(self.team.clone())
    }
}

impl BulkAssignment {
    /// Reads a message body.
    ///
    /// # Errors
    /// [`FormatError`].
    pub fn parse(body: &str) -> Result<Self, FormatError> {
        format::read(body)
    }
}
