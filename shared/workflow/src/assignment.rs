use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::actor::{Actor, Role};
use crate::stage::{AssignableTo, Stage};
use crate::workflow::Workflow;

/// Where the file is when somebody wants to assign it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// In its Dataset, because it was never assigned in this workflow.
    InDataset,
    /// In a stage.
    At {
        /// The stage.
        stage_id: Uuid,
        /// The user the file is assigned to there.
        assignee: Option<u64>,
    },
}

macro_rules! reject_reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $explain:literal;)+) => {
        /// Why an assignment is not allowed: a stable machine code and one line for people.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum RejectReason {
            $($(#[doc = $doc])+ #[serde(rename = $code)] $name,)+
        }

        impl RejectReason {
            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// One line for a person.
            #[must_use]
            pub const fn explain(self) -> &'static str {
                match self { $(Self::$name => $explain,)+ }
            }
        }
    };
}

reject_reasons! {
    /// A Worker tried to fire an automated stage.
    WorkerCannotFireAutomatedStage = "worker_cannot_fire_automated_stage",
        "a Worker (annotator) cannot assign files to an automated stage: a User, Admin or Workforce Manager must";
    /// A Worker tried to take a file from the Dataset, but an automated stage comes first.
    AutomatedStageFirst = "automated_stage_first",
        "a Worker (annotator) cannot take this file yet: it must pass the automated stage after Dataset first";
    /// A Worker tried to take a file in a stage that they are not assigned to.
    NotAssignedToStage = "not_assigned_to_stage",
        "a Worker (annotator) can take files only in stages they are assigned to";
    /// A Worker tried to take a file that somebody else has.
    AlreadyAssigned = "already_assigned", "the file is assigned to somebody else";
    /// A Worker tried to move a file to another stage.
    WorkerCannotMoveFiles = "worker_cannot_move_files",
        "a Worker (annotator) cannot move a file to another stage";
    /// The stage is the workflow's entry: files start there and cannot be put back.
    NotAssignable = "not_assignable", "files cannot be assigned to the workflow's entry stage";
    /// The workflow cannot move the file this way.
    NoEdgeIntoStage = "no_edge_into_stage", "no edge leads from the file's stage into this one";
    /// The stage is not in the workflow.
    UnknownStage = "unknown_stage", "the stage is not in the workflow";
    /// The workflow is not stored.
    UnknownWorkflow = "unknown_workflow", "the workflow is not stored: store it first";
    /// The file is on its way through another stage.
    Busy = "busy", "the file is on its way through a Webhook stage: assign it once it is at rest";
    /// Another assignment has used this id before.
    AssignmentIdReused = "assignment_id_reused",
        "another assignment of this file has used the same assignment_id: give each its own";
    /// The file has moved on since the assignment was made.
    Stale = "stale", "the file has moved on since this assignment was made";
}

/// Whether `actor` may assign a file at `position` to `stage`.
///
/// The rules are V7's (docs: "The Webhook Stage", "Assign and complete tasks"). Owners, admins, users and
/// workforce managers always may. A Worker never fires an automated stage, but may take a file for a human
/// stage straight from the Dataset if no automated stage comes first, or a file that nobody has in a stage
/// that they are assigned to. The workflow moves files along its edges.
///
/// # Errors
/// The reason why the assignment is not allowed.
pub fn may_assign(
    workflow: &Workflow,
    stage: &Stage,
    actor: &Actor,
    position: &Position,
) -> Result<(), RejectReason> {
    match actor {
        Actor::Workflow { .. } => along_an_edge(workflow, stage, position),
        Actor::User {
            id,
            role: Role::Annotator,
        } => worker_takes(workflow, stage, *id, position),
        Actor::User { .. } if workflow.entry().is_some_and(|entry| entry.id == stage.id) => {
            Err(RejectReason::NotAssignable)
        }
        Actor::User { .. } => Ok(()),
    }
}

fn along_an_edge(
    workflow: &Workflow,
    stage: &Stage,
    position: &Position,
) -> Result<(), RejectReason> {
    let leads_here = |source: &Stage| {
        source
            .edges
            .iter()
            .any(|edge| edge.target_stage_id == Some(stage.id))
    };
    let found = match position {
        Position::InDataset => workflow.stages.iter().any(leads_here),
        Position::At { stage_id, .. } => workflow.stage(*stage_id).is_some_and(leads_here),
    };
    if found {
        Ok(())
    } else {
        Err(RejectReason::NoEdgeIntoStage)
    }
}

fn worker_takes(
    workflow: &Workflow,
    stage: &Stage,
    user: Option<u64>,
    position: &Position,
) -> Result<(), RejectReason> {
    if stage.kind.is_automated() {
        return Err(RejectReason::WorkerCannotFireAutomatedStage);
    }
    if !stage.kind.is_human() {
        return Err(RejectReason::WorkerCannotMoveFiles);
    }
    match position {
        Position::InDataset => match workflow.first_after_entry() {
            Some(first) if first.kind.is_automated() => Err(RejectReason::AutomatedStageFirst),
            Some(first) if first.id == stage.id => Ok(()),
            _ => Err(RejectReason::WorkerCannotMoveFiles),
        },
        Position::At { stage_id, .. } if *stage_id != stage.id => {
            Err(RejectReason::WorkerCannotMoveFiles)
        }
        Position::At {
            assignee: Some(other),
            ..
        } if Some(*other) != user => Err(RejectReason::AlreadyAssigned),
        Position::At { .. } => theirs(stage, user),
    }
}

/// Whether the user may take files in the stage: anyone may if it is open to anyone, else only those named.
fn theirs(stage: &Stage, user: Option<u64>) -> Result<(), RejectReason> {
    let named = user.is_some_and(|user| stage.assignable_users.contains(&user));
    if named || stage.assignable_to == AssignableTo::Anyone {
        Ok(())
    } else {
        Err(RejectReason::NotAssignedToStage)
    }
}

/// Whether a user may send a file on from `stage`, where it is assigned to `assignee`, by one of the stage's edges.
///
/// A Worker may in a stage where people work, with a file that is theirs, or that they could take. It makes no difference
/// where the edge leads: the file arrives there by the workflow.
///
/// # Errors
/// The reason why not.
pub fn may_leave(
    stage: &Stage,
    role: Role,
    user: u64,
    assignee: Option<u64>,
) -> Result<(), RejectReason> {
    match (role, assignee) {
        (Role::Annotator, _) if !stage.kind.is_human() => Err(RejectReason::WorkerCannotMoveFiles),
        (Role::Annotator, Some(other)) if other != user => Err(RejectReason::AlreadyAssigned),
        (Role::Annotator, None) => theirs(stage, Some(user)),
        _ => Ok(()),
    }
}
