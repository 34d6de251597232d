use delivery::{Assignment, FileKey};
use uuid::Uuid;
use workflow::{Actor, Role};

/// Namespace of the assignment ids made here; made once, fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x9d3c_7a51_40cf_4c6e_a6b2_0f1e_77c4_5a90);

/// Assigns a file to a stage. The same command has the same id each time it is given, so that it has
/// its effect once.
pub(crate) fn assignment(
    workflow_id: Uuid,
    stage_id: Uuid,
    key: &FileKey,
    role: Role,
) -> Assignment {
    let text = format!(
        "{workflow_id}\n{stage_id}\n{}\n{}\n{role}",
        key.team, key.item_id
    );
    Assignment {
        assignment_id: Uuid::new_v5(&NAMESPACE, text.as_bytes()),
        ..again(workflow_id, stage_id, key, role)
    }
}

/// Assigns a file to a stage it may have been in: each time a new visit.
pub(crate) fn again(workflow_id: Uuid, stage_id: Uuid, key: &FileKey, role: Role) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v4(),
        team: key.team.clone(),
        workflow_id,
        stage_id,
        item_id: key.item_id,
        assigned_by: Actor::User { id: None, role },
        document: None,
    }
}
