use std::time::Duration;

use workflow::{RejectReason, Workflow};

use super::fault::Fault;
use super::write::{Conflict, send_one, write};
use crate::machine::{DispatchDecision, decide_dispatch, first_message};
use crate::message::{Assignment, Delivery};
use crate::ports::{Clock, DispatchPorts, FileStates, History, Observation, Observer, Workflows};
use crate::record::{Rejection, VisitRecord};
use crate::state::FileState;

/// How often others may write the record in between before the message is left for later.
const MAX_CONFLICTS: usize = 4;

/// The delay of the check after a rejected assignment: longer than another dispatcher that has the same
/// assignment can still be working on it (the template gives it 30 s).
const ORPHAN_CHECK_DELAY: Duration = Duration::from_secs(60);

/// The result for an assignment. The caller sends the delivery message, then acknowledges the assignment.
#[derive(Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// Its delivery is open: send this message, in one batch with others, before acknowledging.
    Deliver(Box<Delivery>),
    /// The file rests in a stage that is not run here.
    Resting,
    /// It already took effect earlier.
    Repeated,
    /// The rules do not allow it, and the rejection is recorded.
    Rejected(RejectReason),
}

/// Checks an assignment against the rules and opens its delivery.
///
/// The caller sends the message, because ten messages in one request cost no more than one.
///
/// # Errors
/// [`Fault`]: the assignment must stay on its queue.
pub async fn dispatch<P: DispatchPorts>(
    ports: &P,
    assignment: &Assignment,
) -> Result<Dispatched, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&assignment.team, assignment.workflow_id)
        .await?;
    let mut state = ports.states().get(&assignment.key()).await?;
    for _ in 0..MAX_CONFLICTS {
        let decision = decide(ports, workflow.as_deref(), assignment, state.as_ref()).await?;
        let (archive, next, done) = match decision {
            DispatchDecision::Open {
                archive,
                next,
                delivery,
            } => (archive, next, Dispatched::Deliver(delivery)),
            DispatchDecision::Rest { archive, next } => (archive, next, Dispatched::Resting),
            DispatchDecision::Reenqueue(delivery) => return Ok(Dispatched::Deliver(delivery)),
            DispatchDecision::Done | DispatchDecision::NeedsHistory(_) => {
                return Ok(Dispatched::Repeated);
            }
            DispatchDecision::Reject(reason) => {
                if state.is_some() {
                    look_again(ports, assignment).await?;
                }
                return reject(ports, assignment, reason).await;
            }
        };
        match apply(ports, &archive, &next).await? {
            None => return Ok(done),
            Some(Conflict(found)) => state = found,
        }
    }
    Err(Fault::Contended)
}

async fn decide<P: DispatchPorts>(
    ports: &P,
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: Option<&FileState>,
) -> Result<DispatchDecision, Fault> {
    let now = ports.clock().now();
    let decision = decide_dispatch(workflow, assignment, state, None, now);
    let DispatchDecision::NeedsHistory(visit_id) = decision else {
        return Ok(decision);
    };
    let seen = ports
        .history()
        .has_visit(&assignment.key(), visit_id)
        .await?;
    Ok(decide_dispatch(
        workflow,
        assignment,
        state,
        Some(seen),
        now,
    ))
}

/// The history is written first, so that the record never loses a visit that the history does not have.
async fn apply<P: DispatchPorts>(
    ports: &P,
    archive: &[VisitRecord],
    next: &FileState,
) -> Result<Option<Conflict>, Fault> {
    for visit in archive {
        ports.history().visit(visit).await?;
    }
    Ok(write(ports.states(), next).await?)
}

/// Sends a delayed attempt-0 message after a rejection. The queue may have given the same assignment to a
/// second dispatcher, which found the file at rest and opens the visit that is rejected here. If that one
/// crashes before it has sent its message, none is left, because acknowledging either copy of the assignment
/// deletes both. The attempt-0 message makes the sender check for this once the second dispatcher must be done.
async fn look_again<P: DispatchPorts>(ports: &P, assignment: &Assignment) -> Result<(), Fault> {
    let look = Delivery {
        attempt: 0,
        ..first_message(assignment)
    };
    Ok(send_one(ports.deliveries(), look, ORPHAN_CHECK_DELAY).await?)
}

async fn reject<P: DispatchPorts>(
    ports: &P,
    assignment: &Assignment,
    reason: RejectReason,
) -> Result<Dispatched, Fault> {
    let rejection = Rejection {
        key: assignment.key(),
        assignment_id: assignment.assignment_id,
        workflow_id: assignment.workflow_id,
        stage_id: assignment.stage_id,
        actor: assignment.assigned_by.clone(),
        reason,
        at: ports.clock().now(),
    };
    ports.history().rejection(&rejection).await?;
    ports.observer().observe(Observation::Rejected(&rejection));
    tracing::warn!(
        team = %assignment.team, item_id = %assignment.item_id, stage_id = %assignment.stage_id,
        assignment_id = %assignment.assignment_id, reason = reason.code(), "assignment rejected"
    );
    Ok(Dispatched::Rejected(reason))
}
