use std::time::Duration;

use uuid::Uuid;

use super::document_offload::{keep_for_redelivery, offload_large_inline};
use super::fault::Fault;
use super::write::{Conflict, send_one, write};
use crate::document::DocumentRef;
use crate::machine::{Closed, announcement_of};
use crate::message::Assignment;
use crate::ports::{Events, ExitPorts, FileLeft, History, Observation, Observer};
use crate::record::VisitRecord;
use crate::state::{FileKey, Outcome};

/// Carries out the end of a visit: history, the one write, the next assignment, the announcement.
///
/// `Ok(Some(_))`: somebody else wrote first, and nothing was emitted.
pub(super) async fn commit_exit<P: ExitPorts>(
    ports: &P,
    closed: Closed,
    document: Option<&DocumentRef>,
) -> Result<Option<Conflict>, Fault> {
    if let Some(visit) = &closed.archive {
        ports.history().visit(visit).await?;
    }
    if let Some(found) = write(ports.states(), &closed.next).await? {
        return Ok(Some(found));
    }
    let left = &closed.left;
    ports.observer().observe(Observation::Left(left));
    tracing::info!(
        team = %left.key.team, item_id = %left.key.item_id, stage_id = %left.stage_id,
        delivery_id = %left.delivery_id, edge = left.outcome.edge(),
        reason = left.reason.map(crate::Reason::code), attempts = left.attempts,
        "file left the Webhook stage"
    );
    match closed.assignment {
        None => replay_exit(ports, Some(left), document).await?,
        assignment => emit(ports, Some(left), assignment).await?,
    }
    Ok(None)
}

/// What follows the write that ends a visit, where no Webhook stage comes next. In this order: only who has
/// written the end may replace the stored document.
pub(super) async fn replay_exit<P: ExitPorts>(
    ports: &P,
    left: Option<&FileLeft>,
    document: Option<&DocumentRef>,
) -> Result<(), Fault> {
    if let Some(left) = left
        && left.outcome == Outcome::Failed
    {
        keep_for_redelivery(ports.documents(), &left.key, document).await;
    }
    emit(ports, left, None).await
}

/// Announces an exit that only the history still has.
pub(super) async fn republish_exit<P: ExitPorts>(
    ports: &P,
    key: &FileKey,
    delivery_id: Uuid,
) -> Result<Option<VisitRecord>, Fault> {
    let visit = ports.history().find_visit(key, delivery_id).await?;
    if let Some(left) = visit.as_ref().and_then(announcement_of) {
        ports.events().file_left(&left).await?;
    }
    Ok(visit)
}

/// Assigns, then announces. In this order, because a bus that takes nothing must not keep the file; if
/// the next dispatch comes before the announcement, the history has what it is made from.
pub(super) async fn emit<P: ExitPorts>(
    ports: &P,
    left: Option<&FileLeft>,
    assignment: Option<Assignment>,
) -> Result<(), Fault> {
    if let Some(mut assignment) = assignment {
        offload_large_inline(ports.documents(), &mut assignment).await;
        send_one(ports.assignments(), assignment, Duration::ZERO).await?;
    }
    if let Some(left) = left {
        ports.events().file_left(left).await?;
    }
    Ok(())
}
