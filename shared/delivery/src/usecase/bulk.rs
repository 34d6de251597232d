use std::time::Duration;

use uuid::Uuid;
use workflow::Workflow;

use crate::bulk::BulkAssignment;
use crate::item::Listed;
use crate::message::Assignment;
use crate::ports::{Items, Outgoing, PortError, SendMessages, Workflows};

/// The items of a page. All their assignments are sent together.
const PAGE: usize = 500;

/// The most pages that one message does before the rest is sent on, so that an invocation ends in time.
const PAGES: usize = 10;

/// What was done for one message of a bulk assignment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// How many assignments were sent.
    pub sent: usize,
    /// Whether the rest was sent on.
    pub continues: bool,
}

/// Sends the assignments of a bulk assignment's next pages, and then the message with the rest.
///
/// Items that do not fit any more are left out: of another workflow or not in a stage where people work, if each is to stay
/// in its stage. Whether an assignment is allowed is decided when it is dispatched.
///
/// # Errors
/// [`PortError`]: the message must stay on its queue. What was sent has no second effect when it is sent again.
pub async fn assign_many<S>(store: &S, bulk: &BulkAssignment) -> Result<Assigned, PortError>
where
    S: Items + Workflows + SendMessages<Assignment> + SendMessages<BulkAssignment>,
{
    let mut done = Assigned::default();
    let Some(workflow) = store.workflow(&bulk.team, bulk.workflow_id).await? else {
        // It was removed meanwhile, and each assignment would be refused.
        return Ok(done);
    };
    let mut after = bulk.after;
    for _ in 0..PAGES {
        let page = store.items(&bulk.team, &bulk.filter, after, PAGE).await?;
        let assignments = page.rows.iter();
        let assignments = assignments.filter_map(|listed| assignment(bulk, &workflow, listed));
        let outgoing: Vec<_> = assignments.map(at_once).collect();
        done.sent += outgoing.len();
        if !outgoing.is_empty() {
            for sent in store.send(outgoing).await {
                sent?;
            }
        }
        let next = page.next.as_deref().map(Uuid::parse_str);
        let Some(Ok(next)) = next else {
            return Ok(done);
        };
        after = Some(next);
    }
    let rest = BulkAssignment {
        after,
        ..bulk.clone()
    };
    for sent in store.send(vec![at_once(rest)]).await {
        sent?;
    }
    done.continues = true;
    Ok(done)
}

fn at_once<M>(message: M) -> Outgoing<M> {
    let delay = Duration::ZERO;
    Outgoing { message, delay }
}

fn assignment(bulk: &BulkAssignment, workflow: &Workflow, listed: &Listed) -> Option<Assignment> {
    let stage_id = match bulk.stage_id {
        Some(stage_id) => stage_id,
        None => {
            let state = listed.state.as_ref();
            let state = state.filter(|state| state.workflow_id == workflow.id)?;
            let stage = workflow.stage(state.visit.stage_id)?;
            stage.kind.is_human().then_some(stage.id)?
        }
    };
    Some(Assignment {
        assignment_id: bulk.command_id,
        team: bulk.team.clone(),
        workflow_id: bulk.workflow_id,
        stage_id,
        item_id: listed.item.key.item_id,
        assigned_by: bulk.assigned_by.clone(),
        assignee: bulk.assignee,
        document: None,
        trace: None,
        waits: 0,
    })
}
