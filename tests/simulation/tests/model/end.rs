use delivery::ports::FileLeft;
use delivery::{FileState, Outcome, Reason, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use super::fact::Fact;

/// How a delivery ended: as its record shows it, as the history keeps it, as it is announced.
#[derive(Debug, Serialize)]
pub(crate) struct End {
    pub(crate) delivery_id: Uuid,
    workflow_id: Uuid,
    pub(crate) stage_id: Uuid,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Reason>,
    attempts: usize,
    pub(crate) moved_to: Option<Uuid>,
    at: Timestamp,
}

impl End {
    /// Read off the record, without the machine's help: it is what the machine is held to.
    pub(crate) fn on(record: &FileState) -> Option<Fact<Self>> {
        let delivery = record.delivery.as_ref()?;
        Some(Fact::new(Self {
            delivery_id: delivery.delivery_id,
            workflow_id: record.workflow_id,
            stage_id: delivery.stage_id,
            outcome: delivery.outcome?,
            reason: delivery.reason,
            attempts: delivery.attempts.len(),
            moved_to: delivery.moved_to,
            at: delivery.ended_at?,
        }))
    }

    pub(crate) fn told(left: &FileLeft) -> Fact<Self> {
        Fact::new(Self {
            delivery_id: left.delivery_id,
            workflow_id: left.workflow_id,
            stage_id: left.stage_id,
            outcome: left.outcome,
            reason: left.reason,
            attempts: usize::try_from(left.attempts).unwrap(),
            moved_to: left.moved_to,
            at: left.at,
        })
    }
}
