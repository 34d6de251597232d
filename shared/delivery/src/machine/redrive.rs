use workflow::{Actor, Role};

use super::ids::redriven_id;
use crate::message::{Assignment, DeadLetter, Delivery, MessageError};

/// The assignment that makes good for a dead letter.
///
/// A person's assignment that never took effect is sent as it was. A delivery, and an assignment by
/// the workflow, were closed when they died: their file has left by `failed`, so the operator who
/// redrives assigns it anew, which is a new visit. The same letter redriven twice is one visit.
///
/// # Errors
/// [`MessageError`] when the letter holds no message of ours: it would only come back.
pub fn redrive(letter: &DeadLetter) -> Result<Assignment, MessageError> {
    if let Ok(delivery) = Delivery::parse(&letter.body) {
        return Ok(Assignment {
            assignment_id: redriven_id(delivery.delivery_id),
            team: delivery.team,
            workflow_id: delivery.workflow_id,
            stage_id: delivery.stage_id,
            item_id: delivery.item_id,
            assigned_by: operator(),
            document: delivery.document,
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

/// Whoever may reach the queues of a deployment runs it.
const fn operator() -> Actor {
    Actor::User {
        id: None,
        role: Role::Admin,
    }
}
