use super::exit::assignment_of;
use crate::control::Lane;
use crate::message::{Assignment, Delivery, Task};
use crate::state::{FileState, Status};
use crate::time::Timestamp;

/// The next step of a file that is not at rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The time from which its message can be handled; after that it is past due.
    pub due: Timestamp,
    /// The message that makes the step happen. Sending it twice has no second effect.
    pub message: PendingMessage,
    /// Whether the original message carries the document inline, which this one cannot.
    pub inline: bool,
}

/// A message that makes a file's next step happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingMessage {
    /// The assignment that fires the stage the file has entered over an edge.
    Assignment(Box<Assignment>),
    /// The message of the attempt that is due, or that a sender has claimed.
    Delivery(Box<Delivery>),
}

/// The file's next step, made from its record alone. An inline document is not in the record; the message
/// made here refers to the stored document instead.
///
/// None for a file at rest, and for a record that this machine cannot have written.
#[must_use]
pub fn pending(state: &FileState) -> Option<Pending> {
    let open = state.delivery.as_ref().filter(|d| d.outcome.is_none());
    let due = match state.status {
        Status::Waiting | Status::Complete => return None,
        Status::Assigned => {
            let assignment = assignment_of(state, None)?;
            return Some(Pending {
                due: state.updated_at,
                message: PendingMessage::Assignment(Box::new(assignment)),
                inline: state.delivery.as_ref().is_some_and(|d| d.inline),
            });
        }
        Status::Queued => open?.next_at,
        Status::Sending => open?.lease_until?,
    };
    let open = open?;
    let delivery = Delivery {
        delivery_id: open.delivery_id,
        team: state.key.team.clone(),
        item_id: state.key.item_id,
        workflow_id: state.workflow_id,
        stage_id: open.stage_id,
        task: Task::Attempt(open.attempt),
        document: open.document.clone().map(crate::document::DocumentRef::S3),
        lane: Lane::Fast,
        snapshot: None,
    };
    Some(Pending {
        due,
        message: PendingMessage::Delivery(Box::new(delivery)),
        inline: open.inline,
    })
}
