use uuid::Uuid;
use workflow::{Actor, Stage};

use crate::message::Assignment;

/// Namespace of the ids derived here; made once, fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_0b2e_8f5d_4d55_9d3c_2f3f_7f6a_51b7);

/// The visit that an assignment opens. Derived, so that the same command again finds its own work.
///
/// The assignment a Webhook stage's exit emits carries the visit's id as its own.
#[must_use]
pub fn visit_id_of(assignment: &Assignment) -> Uuid {
    match assignment.assigned_by {
        // With the file in it: a producer may give one id to a whole batch, and receivers tell calls
        // apart by what comes of it.
        Actor::User { .. } => {
            let mut name = Vec::with_capacity(32 + assignment.team.len());
            name.extend_from_slice(assignment.assignment_id.as_bytes());
            name.extend_from_slice(assignment.item_id.as_bytes());
            name.extend_from_slice(assignment.team.as_bytes());
            Uuid::new_v5(&NAMESPACE, &name)
        }
        Actor::Workflow { .. } => assignment.assignment_id,
    }
}

/// The visit that leaving `visit_id` for `stage` opens.
#[must_use]
pub fn next_visit_id(visit_id: Uuid, stage: &Stage) -> Uuid {
    let mut name = [0_u8; 32];
    name[..16].copy_from_slice(visit_id.as_bytes());
    name[16..].copy_from_slice(stage.id.as_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}

/// The assignment that redrives a dead letter about the visit `visit_id`.
#[must_use]
pub(super) fn redriven_id(visit_id: Uuid) -> Uuid {
    let mut name = *b"redrive.................";
    name[8..].copy_from_slice(visit_id.as_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}
