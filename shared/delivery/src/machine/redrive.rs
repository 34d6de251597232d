use workflow::{Actor, Role};

use super::ids::redriven_id;
use crate::message::{Assignment, DeadLetter, Delivery, MessageError};

/// The assignment that redrives a dead letter.
///
/// A person's assignment that never took effect is sent unchanged. A delivery, or an assignment by the
/// workflow, was ended when it was dead-lettered, and its file left by `failed`; redriving it makes a new
/// assignment by the operator, and so a new visit. Redriving the same letter twice opens only one visit.
///
/// # Errors
/// [`MessageError`] when the letter does not contain a valid message; sent again it would only come back.
pub fn redrive(letter: &DeadLetter) -> Result<Assignment, MessageError> {
    if let Ok(delivery) = Delivery::parse(&letter.body) {
        return Ok(Assignment {
            assignment_id: redriven_id(delivery.delivery_id),
            team: delivery.team,
            workflow_id: delivery.workflow_id,
            stage_id: delivery.stage_id,
            item_id: delivery.item_id,
            assigned_by: operator(),
            assignee: None,
            document: delivery.document,
            trace: None,
            waits: 0,
        });
    }
    let assignment = Assignment::parse(&letter.body)?;
    Ok(match assignment.assigned_by {
        Actor::User { .. } => assignment,
        Actor::Workflow { .. } => Assignment {
            assignment_id: redriven_id(assignment.assignment_id),
            assigned_by: operator(),
            ..assignment
        },
    })
}

/// Counts as an admin: whoever can reach a deployment's queues operates it.
const fn operator() -> Actor {
    Actor::User {
        id: None,
        role: Role::Admin,
    }
}
