use std::time::Duration;

use uuid::Uuid;
use workflow::{Actor, Workflow};

use super::ids::next_visit_id;
use super::step::{Effect, FromHistory, OnConflict, Report};
use crate::document::DocumentRef;
use crate::event::FileLeft;
use crate::message::Assignment;
use crate::reason::Reason;
use crate::record::VisitRecord;
use crate::state::{DeliveryState, FileKey, FileState, Outcome, Status, Visit};
use crate::time::Timestamp;

/// How many Webhook stages a file may enter in a row without a person in between: 25.
///
/// A cycle of Webhook stages is allowed; this limits what it can cost.
pub const HOP_LIMIT: u32 = 25;

/// The end of a visit to a Webhook stage: a single write in which the file leaves by one edge and opens the
/// next visit (invariant 6), with what has to be done before and after it, see [`Closed::effects`].
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    /// To be stored in the history before the write: an earlier delivery that this one replaces in the record.
    ///
    /// It is copied from the record as it was read, never from the pending write: otherwise a sender that
    /// has lost its lease would leave a history of something that did not happen.
    pub archive: Option<VisitRecord>,
    /// The record to write.
    pub next: FileState,
    /// The assignment to the next Webhook stage, to be sent after the write.
    pub assignment: Option<Assignment>,
    /// The event to be announced after the write.
    pub left: FileLeft,
}

impl Closed {
    /// The effects that end the visit, in their order. `attempted` reports the attempt that ended it.
    #[must_use]
    pub fn effects(
        self,
        document: Option<&DocumentRef>,
        attempted: Option<Report>,
        on_conflict: OnConflict,
    ) -> Vec<Effect> {
        let left = Box::new(self.left);
        let archive = self
            .archive
            .map(|visit| Effect::ArchiveVisit(Box::new(visit)));
        let mut effects: Vec<_> = archive.into_iter().collect();
        effects.push(Effect::Write(Box::new(self.next), on_conflict));
        effects.extend(attempted.map(Effect::Report));
        effects.push(Effect::Report(Report::Left(left.clone())));
        effects.extend(after_exit(Some(left), self.assignment, document));
        effects
    }
}

/// What follows the write that ends a visit: the assignment to the next Webhook stage or, if there is none, a
/// failed file's document; then the announcement.
fn after_exit(
    left: Option<Box<FileLeft>>,
    assignment: Option<Assignment>,
    document: Option<&DocumentRef>,
) -> Vec<Effect> {
    let failed = left.as_ref().filter(|left| left.outcome == Outcome::Failed);
    let next = match (assignment, failed, document) {
        (Some(assignment), ..) => {
            Some(Effect::SendAssignment(Box::new(assignment), Duration::ZERO))
        }
        (None, Some(left), Some(document @ DocumentRef::Inline(_))) => {
            Some(Effect::KeepDocument(left.key.clone(), document.clone()))
        }
        _ => None,
    };
    next.into_iter().chain(left.map(Effect::Announce)).collect()
}

/// What may still be missing after a visit has ended.
pub(super) enum Missing {
    /// Only the history can tell.
    Unknown,
    /// These effects, and the reason of the exit as far as it is known.
    Effects(Vec<Effect>, Option<Reason>),
    /// Nothing: neither the record nor the history has the visit.
    NoVisit,
}

/// What may still be missing after the visit `visit_id` has ended: the next stage's assignment, and the
/// announcement. If the next dispatch has replaced the delivery in the record, the announcement is made from the
/// history.
pub(super) fn missing_after_exit(
    visit_id: Uuid,
    document: Option<&DocumentRef>,
    state: &FileState,
    history: &FromHistory,
) -> Missing {
    let left = announcement(state, visit_id).map(Box::new);
    let came_from_here = matches!(
        state.visit.assigned_by,
        Actor::Workflow { from_visit } if from_visit == visit_id
    );
    let assignment = assignment_of(state, document).filter(|_| came_from_here);
    let reason = left.as_ref().and_then(|left| left.reason);
    if left.is_some() || assignment.is_some() {
        return Missing::Effects(after_exit(left, assignment, document), reason);
    }
    match history {
        FromHistory::NotAsked => Missing::Unknown,
        FromHistory::Absent => Missing::NoVisit,
        FromHistory::Present(left) => {
            let reason = left.as_ref().and_then(|left| left.reason);
            let announce = left.clone().map(Effect::Announce);
            Missing::Effects(announce.into_iter().collect(), reason)
        }
    }
}

/// Ends the current delivery of `state` with `outcome`.
///
/// If the workflow no longer exists, or the edge is not connected, the file stays in its stage with its
/// outcome marked. `document` goes on to the next Webhook stage. None when no delivery is open.
#[must_use]
pub fn close(
    workflow: Option<&Workflow>,
    state: &FileState,
    outcome: Outcome,
    reason: Option<Reason>,
    document: Option<&DocumentRef>,
    now: Timestamp,
) -> Option<Closed> {
    let mut next = state.clone();
    next.version += 1;
    next.updated_at = now;
    let stage_id = state.visit.stage_id;
    let target = workflow.and_then(|workflow| outcome.leads_to(workflow, stage_id));
    let delivery = next.delivery.as_mut()?;
    delivery.outcome = Some(outcome);
    delivery.reason = reason;
    delivery.lease_until = None;
    delivery.claim_id = None;
    delivery.ended_at = Some(now);
    delivery.moved_to = target.map(|stage| stage.id);
    let left = announcement(&next, state.visit.id)?;
    if outcome.is_passed() {
        next.passed.insert(stage_id);
    }
    let mut assignment = None;
    if let Some(target) = target {
        next.visit = Visit {
            id: next_visit_id(state.visit.id, target),
            stage_id: target.id,
            sequence: state.visit.sequence + 1,
            entered_at: now,
            assigned_by: Actor::Workflow {
                from_visit: state.visit.id,
            },
            assignee: None,
        };
        next.hops = if target.webhook.is_some() {
            state.hops + 1
        } else {
            0
        };
        next.status = if target.webhook.is_some() {
            Status::Assigned
        } else if target.kind.is_end() {
            Status::Complete
        } else {
            Status::Waiting
        };
        assignment = assignment_of(&next, document);
    } else {
        next.status = Status::Waiting;
    }
    Some(Closed {
        archive: None,
        next,
        assignment,
        left,
    })
}

/// The event that announces a finished delivery, as long as the record still has it.
#[must_use]
pub(super) fn announcement(state: &FileState, delivery_id: Uuid) -> Option<FileLeft> {
    let delivery = state.delivery.as_ref();
    let delivery = delivery.filter(|d| d.delivery_id == delivery_id)?;
    left(&state.key, state.workflow_id, delivery)
}

/// The same event for a delivery that only the history still has.
#[must_use]
pub fn announcement_of(visit: &VisitRecord) -> Option<FileLeft> {
    left(&visit.key, visit.workflow_id, visit.delivery.as_ref()?)
}

fn left(key: &FileKey, workflow_id: Uuid, delivery: &DeliveryState) -> Option<FileLeft> {
    if delivery.reason == Some(Reason::HopLimit) {
        // The hop limit stopped it on its way in.
        return None;
    }
    Some(FileLeft {
        key: key.clone(),
        workflow_id,
        stage_id: delivery.stage_id,
        delivery_id: delivery.delivery_id,
        trace_id: delivery.trace().id(),
        outcome: delivery.outcome?,
        reason: delivery.reason,
        attempts: u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX),
        moved_to: delivery.moved_to,
        at: delivery.ended_at?,
    })
}

/// A file that has entered one Webhook stage too many rests in it; its delivery failed without a call.
#[must_use]
pub(super) fn stop_hopping(state: &FileState, now: Timestamp) -> FileState {
    let mut next = state.clone();
    next.version += 1;
    next.updated_at = now;
    next.status = Status::Waiting;
    next.hops = 0;
    if let Some(delivery) = next.delivery.as_mut() {
        delivery.trace = Some(delivery.trace());
        delivery.delivery_id = next.visit.id;
        delivery.stage_id = next.visit.stage_id;
        delivery.sequence = next.visit.sequence;
        delivery.assigned_by = next.visit.assigned_by.clone();
        delivery.opened_at = now;
        delivery.ended_at = Some(now);
        delivery.attempt = 1;
        delivery.next_at = now;
        delivery.held_ms = 0;
        delivery.is_reserved = false;
        delivery.is_wanted = false;
        delivery.attempts.clear();
        delivery.outcome = Some(Outcome::Failed);
        delivery.reason = Some(Reason::HopLimit);
        delivery.moved_to = None;
    }
    next
}

/// The assignment that fires the Webhook stage a file has just entered over an edge. It can be made again
/// from the record alone, except for an inline document, which only the message has.
#[must_use]
pub(super) fn assignment_of(
    state: &FileState,
    document: Option<&DocumentRef>,
) -> Option<Assignment> {
    if state.status != Status::Assigned {
        return None;
    }
    let stored = || {
        let object = state.delivery.as_ref()?.document.clone()?;
        Some(DocumentRef::S3(object))
    };
    Some(Assignment {
        assignment_id: state.visit.id,
        team: state.key.team.clone(),
        workflow_id: state.workflow_id,
        stage_id: state.visit.stage_id,
        item_id: state.key.item_id,
        assigned_by: state.visit.assigned_by.clone(),
        assignee: None,
        document: document.cloned().or_else(stored),
        // The record has it.
        trace: None,
        waits: 0,
    })
}
