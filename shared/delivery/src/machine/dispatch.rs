use uuid::Uuid;
use workflow::{Actor, Position, RejectReason, Stage, Workflow, may_assign};

use super::close::{HOP_LIMIT, stop_hopping};
use super::ids::visit_id_of;
use crate::document::DocumentRef;
use crate::message::{Assignment, Delivery};
use crate::record::VisitRecord;
use crate::state::{DeliveryState, FileState, Status, Visit};
use crate::time::Timestamp;

/// What the dispatcher does with an assignment.
#[derive(Debug, PartialEq, Eq)]
pub enum DispatchDecision {
    /// Open a delivery: store the last one (if any) in the history, write the record, send the message.
    Open {
        /// The finished visits that the record will no longer have.
        archive: Vec<VisitRecord>,
        /// The record to write.
        next: Box<FileState>,
        /// The message to send once the record is written.
        delivery: Box<Delivery>,
    },
    /// Put the file into a stage that is not run here, or stop its cycle: store the history, write the record.
    Rest {
        /// The finished visits that the record will no longer have.
        archive: Vec<VisitRecord>,
        /// The record to write.
        next: Box<FileState>,
    },
    /// The delivery is already open: send its message again, in case the first was never sent.
    Reenqueue(Box<Delivery>),
    /// The command already took effect, and its visit is over.
    Done,
    /// The record may no longer show this visit: look for it in the history.
    NeedsHistory(Uuid),
    /// The rules do not allow the assignment.
    Reject(RejectReason),
}

/// Decides on an assignment.
///
/// The command's own earlier effect on the record is checked before the workflow, which may have been
/// deleted or have lost the stage since: a file that an exit has put there must be able to leave.
///
/// `seen_in_history` answers an earlier [`DispatchDecision::NeedsHistory`].
#[must_use]
pub fn decide_dispatch(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: Option<&FileState>,
    seen_in_history: Option<bool>,
    now: Timestamp,
) -> DispatchDecision {
    let visit_id = visit_id_of(assignment);
    if let Some(state) = state
        && let Some(decision) = repeated(assignment, state, visit_id, now)
    {
        return decision;
    }
    let Some(workflow) = workflow else {
        return DispatchDecision::Reject(RejectReason::UnknownWorkflow);
    };
    let Some(stage) = workflow.stage(assignment.stage_id) else {
        return DispatchDecision::Reject(RejectReason::UnknownStage);
    };
    if let Some(state) = state {
        match seen_in_history {
            None => return DispatchDecision::NeedsHistory(visit_id),
            Some(true) => return DispatchDecision::Done,
            Some(false) => {}
        }
        if let Actor::Workflow { from_visit } = assignment.assigned_by
            && from_visit != state.visit.id
        {
            return DispatchDecision::Reject(RejectReason::Stale);
        }
        if !state.status.is_at_rest() {
            return DispatchDecision::Reject(RejectReason::Busy);
        }
    }
    let position = position(workflow, state);
    if let Err(reason) = may_assign(workflow, stage, &assignment.assigned_by, &position) {
        return DispatchDecision::Reject(reason);
    }
    open(workflow, stage, assignment, state, visit_id, now)
}

/// For this workflow, a file whose record is from another workflow is still in the Dataset.
fn position(workflow: &Workflow, state: Option<&FileState>) -> Position {
    state
        .filter(|state| state.workflow_id == workflow.id)
        .map_or(Position::InDataset, |state| Position::At {
            stage_id: state.visit.stage_id,
            assignee: state.visit.assignee,
        })
}

/// The command's own earlier effect, if the record still shows it.
fn repeated(
    assignment: &Assignment,
    state: &FileState,
    visit_id: Uuid,
    now: Timestamp,
) -> Option<DispatchDecision> {
    if state.visit.id == visit_id {
        if !opened_by(state, assignment) {
            return Some(DispatchDecision::Reject(RejectReason::AssignmentIdReused));
        }
        return Some(match state.status {
            Status::Assigned => arrived(assignment, state, now),
            Status::Queued | Status::Sending => {
                state
                    .delivery
                    .as_ref()
                    .map_or(DispatchDecision::Done, |delivery| {
                        DispatchDecision::Reenqueue(Box::new(message_again(assignment, delivery)))
                    })
            }
            Status::Waiting | Status::Complete => DispatchDecision::Done,
        });
    }
    let finished = state
        .delivery
        .as_ref()
        .is_some_and(|d| d.delivery_id == visit_id);
    finished.then_some(DispatchDecision::Done)
}

/// A file that came over an edge. Its last delivery is stored in the history only now, from the record that
/// the exit has written: before that write, several senders may have expected to end it.
fn arrived(assignment: &Assignment, state: &FileState, now: Timestamp) -> DispatchDecision {
    let archive = archive_of(state).into_iter().collect();
    if state.hops > HOP_LIMIT {
        return DispatchDecision::Rest {
            archive,
            next: Box::new(stop_hopping(state, now)),
        };
    }
    DispatchDecision::Open {
        archive,
        next: Box::new(queue(assignment, state, now)),
        delivery: Box::new(message_for(assignment, state.visit.id, 1)),
    }
}

/// A visit that an exit opened: its delivery starts now.
pub(super) fn queue(assignment: &Assignment, state: &FileState, now: Timestamp) -> FileState {
    let mut next = state.clone();
    next.version += 1;
    next.status = Status::Queued;
    next.delivery = Some(delivery_state(assignment, &state.visit, now));
    next.updated_at = now;
    next
}

fn open(
    workflow: &Workflow,
    stage: &Stage,
    assignment: &Assignment,
    state: Option<&FileState>,
    visit_id: Uuid,
    now: Timestamp,
) -> DispatchDecision {
    let fires = stage.webhook.is_some();
    let assignee = match &assignment.assigned_by {
        Actor::User {
            id,
            role: workflow::Role::Annotator,
        } => *id,
        _ => None,
    };
    let same_workflow = state.filter(|state| state.workflow_id == workflow.id);
    let visit = Visit {
        id: visit_id,
        stage_id: stage.id,
        sequence: state.map_or(0, |state| state.visit.sequence) + 1,
        entered_at: now,
        assigned_by: assignment.assigned_by.clone(),
        assignee,
    };
    let delivery = if fires {
        Some(delivery_state(assignment, &visit, now))
    } else {
        // A delivery of another workflow says nothing here; it goes to the history.
        same_workflow.and_then(|state| state.delivery.clone())
    };
    let next = FileState {
        key: assignment.key(),
        workflow_id: workflow.id,
        version: state.map_or(0, |state| state.version) + 1,
        status: if fires {
            Status::Queued
        } else if stage.kind.is_end() {
            Status::Complete
        } else {
            Status::Waiting
        },
        visit,
        delivery,
        passed: same_workflow
            .map(|state| state.passed.clone())
            .unwrap_or_default(),
        hops: u32::from(fires),
        updated_at: now,
    };
    let forgets_delivery = fires || same_workflow.is_none();
    let archive = state
        .map(|state| forgotten(state, forgets_delivery))
        .unwrap_or_default();
    if !fires {
        return DispatchDecision::Rest {
            archive,
            next: Box::new(next),
        };
    }
    let first = message_for(assignment, visit_id, 1);
    DispatchDecision::Open {
        archive,
        next: Box::new(next),
        delivery: Box::new(first),
    }
}

/// What the record loses when a new visit opens: its delivery, unless that stays, and the visit that ends,
/// if a command opened it (when that command is repeated, its visit must still be found).
fn forgotten(state: &FileState, forgets_delivery: bool) -> Vec<VisitRecord> {
    let delivery = if forgets_delivery {
        archive_of(state)
    } else {
        None
    };
    let has_own_delivery = state
        .delivery
        .as_ref()
        .is_some_and(|d| d.delivery_id == state.visit.id);
    let visit = (!has_own_delivery).then(|| VisitRecord {
        key: state.key.clone(),
        workflow_id: state.workflow_id,
        version: state.version,
        visit: state.visit.clone(),
        delivery: None,
    });
    delivery.into_iter().chain(visit).collect()
}

/// The last delivery as the history keeps it; its file may already be in another stage.
pub(super) fn archive_of(state: &FileState) -> Option<VisitRecord> {
    let delivery = state.delivery.clone()?;
    delivery.outcome?;
    let visit = Visit {
        id: delivery.delivery_id,
        stage_id: delivery.stage_id,
        sequence: delivery.sequence,
        entered_at: delivery.opened_at,
        assigned_by: delivery.assigned_by.clone(),
        assignee: None,
    };
    Some(VisitRecord {
        key: state.key.clone(),
        workflow_id: state.workflow_id,
        version: state.version,
        visit,
        delivery: Some(delivery),
    })
}

fn delivery_state(assignment: &Assignment, visit: &Visit, now: Timestamp) -> DeliveryState {
    DeliveryState {
        delivery_id: visit.id,
        stage_id: visit.stage_id,
        sequence: visit.sequence,
        assigned_by: assignment.assigned_by.clone(),
        opened_at: now,
        attempt: 1,
        next_at: now,
        lease_until: None,
        claim_id: None,
        attempts: Vec::new(),
        inline: matches!(assignment.document, Some(DocumentRef::Inline(_))),
        document: match &assignment.document {
            Some(DocumentRef::S3(object)) => Some(object.clone()),
            _ => None,
        },
        outcome: None,
        reason: None,
        ended_at: None,
        moved_to: None,
    }
}

/// Whether exactly this command opened the record's visit. Producers choose the ids, and another command
/// with the same id must not become part of its delivery.
pub(super) fn opened_by(state: &FileState, assignment: &Assignment) -> bool {
    state.workflow_id == assignment.workflow_id
        && state.visit.stage_id == assignment.stage_id
        && state.visit.assigned_by == assignment.assigned_by
}

/// The message of an open delivery, in case it was lost, with the document that the delivery was opened with.
pub(super) fn message_again(assignment: &Assignment, open: &DeliveryState) -> Delivery {
    let document = match (&open.document, &assignment.document) {
        (Some(object), _) => Some(DocumentRef::S3(object.clone())),
        (None, Some(inline @ DocumentRef::Inline(_))) if open.inline => Some(inline.clone()),
        _ => None,
    };
    Delivery {
        document,
        ..message_for(assignment, open.delivery_id, open.attempt)
    }
}

/// The message of the first attempt of the delivery that an assignment opens.
#[must_use]
pub fn first_message(assignment: &Assignment) -> Delivery {
    message_for(assignment, visit_id_of(assignment), 1)
}

fn message_for(assignment: &Assignment, delivery_id: Uuid, attempt: u32) -> Delivery {
    Delivery {
        delivery_id,
        team: assignment.team.clone(),
        item_id: assignment.item_id,
        workflow_id: assignment.workflow_id,
        stage_id: assignment.stage_id,
        attempt,
        document: assignment.document.clone(),
    }
}
