use uuid::Uuid;
use workflow::{Actor, Stage};

use crate::message::Assignment;

/// UUID namespace of the ids derived here. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1f_0b2e_8f5d_4d55_9d3c_2f3f_7f6a_51b7);

/// The id of the visit that an assignment opens. It is derived, so that a repeated command finds its own
/// visit.
///
/// The assignment that a Webhook stage's exit sends has the visit's id as its own.
#[must_use]
pub fn visit_id_of(assignment: &Assignment) -> Uuid {
    match assignment.assigned_by {
        // The file is part of it: a producer may give one id to a whole batch, and receivers tell calls apart
        // by the derived id.
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

/// The id of the visit that is opened by leaving `visit_id` for `stage`.
#[must_use]
pub fn next_visit_id(visit_id: Uuid, stage: &Stage) -> Uuid {
    let mut name = [0_u8; 32];
    name[..16].copy_from_slice(visit_id.as_bytes());
    name[16..].copy_from_slice(stage.id.as_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}

/// The id of the assignment that redrives a dead letter about the visit `visit_id`.
#[must_use]
pub(super) fn redriven_id(visit_id: Uuid) -> Uuid {
    let mut name = *b"redrive.................";
    name[8..].copy_from_slice(visit_id.as_bytes());
    Uuid::new_v5(&NAMESPACE, &name)
}
