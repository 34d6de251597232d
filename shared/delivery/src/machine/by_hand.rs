use uuid::Uuid;
use workflow::{Actor, Role, Stage, Workflow};

use super::ids::next_visit_id;
use crate::message::Assignment;
use crate::state::{FileKey, FileState};

/// UUID namespace of the assignment ids made here. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x9d3c_7a51_40cf_4c6e_a6b2_0f1e_77c4_5a90);

/// The assignment of a file to a stage. Its id is derived from its content: the same command given again
/// makes the same assignment, which takes effect only once.
#[must_use]
pub fn first_assignment(
    workflow_id: Uuid,
    stage_id: Uuid,
    key: &FileKey,
    role: Role,
) -> Assignment {
    let text = format!(
        "{workflow_id}\n{stage_id}\n{}\n{}\n{role}",
        key.team, key.item_id
    );
    named(
        &text,
        workflow_id,
        stage_id,
        key,
        Actor::User { id: None, role },
    )
}

/// The assignment of a file at rest to a stage that it may have been in before, which opens a new visit.
/// Its id is derived from the visit that the file is in now, so that a command which was interrupted and
/// is given again does not send a file twice.
#[must_use]
pub fn again(workflow_id: Uuid, stage_id: Uuid, state: &FileState, by: Actor) -> Assignment {
    let key = &state.key;
    let text = format!(
        "again\n{workflow_id}\n{stage_id}\n{}\n{}\n{}",
        key.team, key.item_id, state.visit.id
    );
    named(&text, workflow_id, stage_id, key, by)
}

/// The assignment by which a person sends a file at rest on by an edge of its stage: it arrives by the workflow, so that
/// whoever may finish the work in a stage need not be allowed to assign files to the next. None where the edge leads nowhere.
///
/// The visit that it opens is the same however often this is asked for; of two edges of one visit, the first counts.
#[must_use]
pub fn along<'a>(
    workflow: &'a Workflow,
    state: &FileState,
    edge: &str,
) -> Option<(&'a Stage, Assignment)> {
    let next = workflow.next(state.visit.stage_id, edge)?;
    let assignment = Assignment {
        assignment_id: next_visit_id(state.visit.id, next),
        team: state.key.team.clone(),
        workflow_id: workflow.id,
        stage_id: next.id,
        item_id: state.key.item_id,
        assigned_by: Actor::Workflow {
            from_visit: state.visit.id,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    };
    Some((next, assignment))
}

fn named(
    text: &str,
    workflow_id: Uuid,
    stage_id: Uuid,
    key: &FileKey,
    assigned_by: Actor,
) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v5(&NAMESPACE, text.as_bytes()),
        team: key.team.clone(),
        workflow_id,
        stage_id,
        item_id: key.item_id,
        assigned_by,
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    }
}

#[cfg(test)]
mod tests {
    use crate::state::{FileKey, FileState, Status, Visit};
    use crate::time::Timestamp;
    use uuid::Uuid;
    use workflow::{Actor, Role};

    use super::again;

    fn state(visit: u128) -> FileState {
        FileState {
            key: FileKey {
                team: "t".to_owned(),
                item_id: Uuid::from_u128(1),
            },
            workflow_id: Uuid::nil(),
            version: 1,
            status: Status::Waiting,
            visit: Visit {
                id: Uuid::from_u128(visit),
                stage_id: Uuid::nil(),
                sequence: 1,
                entered_at: Timestamp::from_millis(0),
                assigned_by: Actor::User {
                    id: None,
                    role: Role::Admin,
                },
                assignee: None,
            },
            delivery: None,
            passed: std::collections::BTreeSet::new(),
            hops: 0,
            updated_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn a_visit_is_replaced_once() {
        let by = Actor::User {
            id: None,
            role: Role::Admin,
        };
        let of = |visit| again(Uuid::nil(), Uuid::nil(), &state(visit), by.clone()).assignment_id;
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
