use std::time::Duration;

use uuid::Uuid;
use workflow::{Actor, Position, RejectReason, Stage, Workflow, may_assign};

use super::exit::{HOP_LIMIT, stop_hopping};
use super::ids::visit_id_of;
use super::step::{Effect, FromHistory, OnConflict, Step};
use crate::control::Lane;
use crate::document::DocumentRef;
use crate::message::{Assignment, Delivery, Task};
use crate::record::{Rejection, VisitRecord};
use crate::state::{DeliveryState, FileState, Status, Visit};
use crate::time::Timestamp;

/// The delay of the check after a rejected assignment: longer than another dispatcher that has the same
/// assignment can still be working on it (the template gives it 30 s).
const CHECK_DELAY: Duration = Duration::from_secs(60);

/// How often an assignment of a file that is on its way is put back: after 1 s, 2 s, 4 s and so on, which is 511 s in all
/// and longer than the longest call (300 s).
const MOST_WAITS: u32 = 9;

/// The result for an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// Its delivery is open, and its message sent.
    Opened,
    /// The file rests in a stage that is not run here.
    Resting,
    /// It already took effect earlier.
    Repeated,
    /// The file is on its way through another stage, and the assignment comes again later.
    PutBack,
    /// The rules do not allow it, and the rejection is recorded.
    Rejected(RejectReason),
}

/// Decides on an assignment.
///
/// The command's own earlier effect on the record is checked before the workflow, which may have been
/// deleted or have lost the stage since: a file that an exit has put there must be able to leave.
///
/// After a rejection a delayed [`Task::Check`] is sent. The queue may have given the same assignment to a second
/// dispatcher, which found the file at rest and opens the visit that is rejected here. If that one crashes before
/// it has sent its message, none is left, because acknowledging either copy of the assignment deletes both. The
/// check makes the sender look for this once the second dispatcher must be done.
///
/// `history` answers an earlier [`Step::AskHistory`].
#[must_use]
pub fn dispatch_step(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: Option<&FileState>,
    history: &FromHistory,
    now: Timestamp,
) -> Step<Dispatched> {
    let visit_id = visit_id_of(assignment);
    let rejected = |reason| reject(assignment, state, reason, now);
    if let Some(state) = state
        && let Some(repeated) = repeated(assignment, state, visit_id, now)
    {
        return repeated.unwrap_or_else(rejected);
    }
    let Some(workflow) = workflow else {
        return rejected(RejectReason::UnknownWorkflow);
    };
    let Some(stage) = workflow.stage(assignment.stage_id) else {
        return rejected(RejectReason::UnknownStage);
    };
    if let Some(state) = state {
        match history {
            FromHistory::NotAsked => return Step::AskHistory(visit_id),
            FromHistory::Present(_) => return Step::Do(Vec::new(), Dispatched::Repeated),
            FromHistory::Absent => {}
        }
        if let Actor::Workflow { from_visit } = assignment.assigned_by
            && from_visit != state.visit.id
        {
            return rejected(RejectReason::Stale);
        }
        if !state.status.is_at_rest() {
            return put_back(assignment, state).unwrap_or_else(|| rejected(RejectReason::Busy));
        }
    }
    let position = position(workflow, state);
    match may_assign(workflow, stage, &assignment.assigned_by, &position) {
        Err(reason) => rejected(reason),
        Ok(()) => open(workflow, stage, assignment, state, visit_id, now),
    }
}

/// Has a person's assignment wait until the file is at rest. A receiver may decide where its file is to go before it has
/// answered the call, and a person cannot know that a call has just begun.
///
/// No check follows, as it does after a rejection: the assignment itself comes again, and finds what another dispatcher may
/// have opened. A file that is already on its way through the stage needs no second visit to it.
fn put_back(assignment: &Assignment, state: &FileState) -> Option<Step<Dispatched>> {
    let is_there =
        state.workflow_id == assignment.workflow_id && state.visit.stage_id == assignment.stage_id;
    let is_by_person = matches!(assignment.assigned_by, Actor::User { .. });
    if is_there || !is_by_person || assignment.waits >= MOST_WAITS {
        return None;
    }
    let again = Assignment {
        waits: assignment.waits + 1,
        ..assignment.clone()
    };
    let delay = Duration::from_secs(1 << assignment.waits);
    let effects = vec![Effect::SendAssignment(Box::new(again), delay)];
    Some(Step::Do(effects, Dispatched::PutBack))
}

fn reject(
    assignment: &Assignment,
    state: Option<&FileState>,
    reason: RejectReason,
    now: Timestamp,
) -> Step<Dispatched> {
    let check = state.map(|_| {
        let check = Delivery {
            task: Task::Check {},
            ..first_message(assignment)
        };
        Effect::SendDelivery(Box::new(check), CHECK_DELAY)
    });
    let rejection = Effect::ArchiveRejection(Box::new(Rejection {
        key: assignment.key(),
        assignment_id: assignment.assignment_id,
        workflow_id: assignment.workflow_id,
        stage_id: assignment.stage_id,
        actor: assignment.assigned_by.clone(),
        reason,
        at: now,
    }));
    let effects = check.into_iter().chain([rejection]).collect();
    Step::Do(effects, Dispatched::Rejected(reason))
}

/// Archives what the record will no longer have, and writes it.
fn put(archive: Vec<VisitRecord>, next: FileState) -> Vec<Effect> {
    let archive = archive.into_iter().map(Box::new).map(Effect::ArchiveVisit);
    let write = Effect::Write(Box::new(next), OnConflict::DecideAgain);
    archive.chain([write]).collect()
}

/// The same, and sends the message of the delivery that it opens.
fn put_and_send(archive: Vec<VisitRecord>, next: FileState, first: Delivery) -> Step<Dispatched> {
    let mut effects = put(archive, next);
    effects.push(Effect::SendDelivery(Box::new(first), Duration::ZERO));
    Step::Do(effects, Dispatched::Opened)
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
) -> Option<Result<Step<Dispatched>, RejectReason>> {
    let nothing = Step::Do(Vec::new(), Dispatched::Repeated);
    if state.visit.id != visit_id {
        let finished = state.delivery.as_ref();
        return finished
            .is_some_and(|d| d.delivery_id == visit_id)
            .then_some(Ok(nothing));
    }
    if !opened_by(state, assignment) {
        return Some(Err(RejectReason::AssignmentIdReused));
    }
    Some(Ok(match (state.status, &state.delivery) {
        (Status::Assigned, _) => arrived(assignment, state, now),
        (Status::Queued | Status::Sending, Some(open)) => {
            // In case the first was never sent.
            let again = Box::new(message_again(assignment, open));
            let again = Effect::SendDelivery(again, Duration::ZERO);
            Step::Do(vec![again], Dispatched::Repeated)
        }
        _ => nothing,
    }))
}

/// A file that came over an edge. Its last delivery is stored in the history only now, from the record that
/// the exit has written: before that write, several senders may have expected to end it.
fn arrived(assignment: &Assignment, state: &FileState, now: Timestamp) -> Step<Dispatched> {
    let archive = archive_of(state).into_iter().collect();
    if state.hops > HOP_LIMIT {
        return Step::Do(put(archive, stop_hopping(state, now)), Dispatched::Resting);
    }
    let first = message_for(assignment, state.visit.id, 1);
    put_and_send(archive, queue(assignment, state, now), first)
}

/// A visit that an exit opened: its delivery starts now, and goes on with the trace of the one before.
pub(super) fn queue(assignment: &Assignment, state: &FileState, now: Timestamp) -> FileState {
    let mut next = state.clone();
    next.version += 1;
    next.status = Status::Queued;
    let before = state.delivery.as_ref().map(DeliveryState::trace);
    next.delivery = Some(DeliveryState {
        trace: before.or(assignment.trace),
        ..delivery_state(assignment, &state.visit, now)
    });
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
) -> Step<Dispatched> {
    let fires = stage.webhook.is_some();
    let assignee = match &assignment.assigned_by {
        Actor::User {
            id,
            role: workflow::Role::Annotator,
        } => *id,
        _ if stage.kind.is_human() => assignment.assignee,
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
        return Step::Do(put(archive, next), Dispatched::Resting);
    }
    put_and_send(archive, next, message_for(assignment, visit_id, 1))
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

/// The last delivery as the history keeps it, once it has ended; its file may already be in another stage.
#[must_use]
pub fn archive_of(state: &FileState) -> Option<VisitRecord> {
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
        inline: matches!(assignment.document, Some(DocumentRef::Inline(_))),
        document: match &assignment.document {
            Some(DocumentRef::S3(object)) => Some(object.clone()),
            _ => None,
        },
        trace: assignment.trace,
        ..DeliveryState::open(visit, now)
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
        task: Task::Attempt(attempt),
        document: assignment.document.clone(),
        lane: Lane::Fast,
        snapshot: None,
    }
}
