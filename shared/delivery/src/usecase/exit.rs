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

/// Carries out the end of a visit: stores the history, writes the record, then sends the next assignment and
/// the announcement.
///
/// `Ok(Some(_))`: somebody else wrote first, and nothing was sent.
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

/// What follows the write that ends a visit, if no Webhook stage comes next. It must come after the write,
/// because only the one that has written the end may replace the stored document.
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

/// Announces an exit again that only the history still has.
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

/// Sends the next assignment, then the announcement. In this order, so that an EventBridge outage never blocks
/// a file. If the next dispatch happens before the announcement, the announcement can be made from the history.
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
