use std::time::Duration;

use workflow::{RejectReason, Workflow};

use super::fault::Fault;
use super::write::{Conflict, send_one, write};
use crate::machine::{DispatchDecision, decide_dispatch, first_message};
use crate::message::{Assignment, Delivery};
use crate::ports::{Clock, DispatchPorts, FileStates, History, Observation, Observer, Workflows};
use crate::record::{Rejection, VisitRecord};
use crate::state::FileState;

/// Writers that may get in between before the message is left for later.
const MAX_CONFLICTS: usize = 4;

/// When a rejected assignment is looked after: later than any dispatcher still works that had it at the
/// same time (the template gives it 30 s).
const ORPHAN_CHECK_DELAY: Duration = Duration::from_secs(60);

/// What became of an assignment. The caller sends the delivery, then acknowledges.
#[derive(Debug, PartialEq, Eq)]
pub enum Dispatched {
    /// Its delivery is open: send this message, in a batch with others, before acknowledging.
    Deliver(Box<Delivery>),
    /// The file rests in a stage that is not ours to run.
    Resting,
    /// It had its effect before.
    Repeated,
    /// The rules do not allow it; that is recorded.
    Rejected(RejectReason),
}

/// Checks an assignment against the rules and opens its delivery.
///
/// Sending is left to the caller, because ten messages in one request cost what one costs.
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

/// History first: the record must never have forgotten what the history does not know.
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

/// A queue may have given the same assignment to another dispatcher, which came later, found the file at
/// rest and opens the visit that is refused here. Should that one die before it has sent its message, none
/// is left: this one's acknowledgement takes back both copies. So somebody looks again when it must be over.
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
