use std::time::Duration;

use crate::audit::{Audit, Stuck};
use crate::machine::{Pending, PendingMessage, pending};
use crate::message::{Assignment, Delivery};
use crate::ports::{
    AuditPorts, Clock, Observation, Observer, Outgoing, PortError, PortErrorKind, ScanSegment,
    SendMessages, Unfinished,
};
use crate::retry::MAX_MESSAGE_DELAY;
use crate::state::FileState;
use crate::time::Timestamp;

/// How to audit.
#[derive(Clone, Copy, Debug)]
pub struct AuditSettings {
    /// The files to look at.
    pub segment: ScanSegment,
    /// If the engine cannot tell whether a file has a message: how long past due it counts as stuck.
    pub grace: Duration,
    /// Whether to send the messages of stuck files again.
    pub repair: bool,
}

/// The most stuck files that one audit finds; the next audit finds the rest.
const MOST_STUCK: usize = 100_000;

/// How long a queue keeps a message: 14 days, which the template sets for every queue, and the longest that
/// SQS allows.
const RETENTION: Duration = Duration::from_hours(14 * 24);

/// Looks for files that are not at rest and have no message (by invariant 3 there should be none), and sends
/// their messages again. If that was not needed it does no harm: a message is only an instruction to look,
/// and a second one finds nothing to do.
///
/// A message with an inline document cannot be made again with it. So as long as such a message may still be
/// on its queue, none is sent: the file would get an older document, or fail because it has none.
///
/// # Errors
/// [`PortError`] when the store fails; what was repaired before stays repaired.
pub async fn audit<P: AuditPorts>(ports: &P, settings: AuditSettings) -> Result<Audit, PortError> {
    let mut audit = Audit::default();
    let mut after = None;
    loop {
        let page = ports
            .unfinished()
            .unfinished(settings.segment, after.as_deref())
            .await?;
        let now = ports.clock().now();
        let mut stuck = Vec::new();
        for file in page.rows {
            let file = match file {
                Ok(file) => file,
                Err(error) if error.kind == PortErrorKind::Newer => {
                    tracing::warn!(code = error.kind.code(), %error, "a record waits for a later version");
                    audit.newer += 1;
                    continue;
                }
                Err(error) => {
                    tracing::error!(code = error.kind.code(), %error, "a record cannot be read");
                    audit.unreadable += 1;
                    continue;
                }
            };
            let pending = pending(&file.state);
            let due = pending
                .as_ref()
                .map_or(file.state.updated_at, |found| found.due);
            let past_due = due.until(now);
            audit.unfinished += 1;
            audit.oldest = audit.oldest.max(past_due);
            if !file.has_message.unwrap_or(past_due <= settings.grace) {
                let gone = file.has_message == Some(false) || past_due > RETENTION;
                let repairable = pending.filter(|pending| gone || !pending.inline);
                stuck.push((of(&file.state, past_due), repairable));
            }
        }
        if settings.repair {
            repair(ports, &mut stuck, now).await;
        }
        audit
            .stuck
            .extend(stuck.into_iter().map(|(stuck, _)| stuck));
        after = page.next;
        if after.is_none() || audit.stuck.len() >= MOST_STUCK {
            break;
        }
    }
    ports.observer().observe(Observation::Audited(&audit));
    Ok(audit)
}

fn of(state: &FileState, past_due: Duration) -> Stuck {
    Stuck {
        key: state.key.clone(),
        stage_id: state.visit.stage_id,
        status: state.status,
        past_due,
        repaired: false,
    }
}

/// A message that cannot be sent does not hold up other files; the next audit finds its file again.
async fn repair<P: AuditPorts>(ports: &P, stuck: &mut [(Stuck, Option<Pending>)], now: Timestamp) {
    let mut assignments: Vec<(usize, Outgoing<Assignment>)> = Vec::new();
    let mut deliveries: Vec<(usize, Outgoing<Delivery>)> = Vec::new();
    for (place, (_, pending)) in stuck.iter().enumerate() {
        let Some(Pending { due, message, .. }) = pending.clone() else {
            continue;
        };
        let delay = now.until(due).min(MAX_MESSAGE_DELAY);
        match message {
            PendingMessage::Assignment(message) => {
                let message = *message;
                assignments.push((place, Outgoing { message, delay }));
            }
            PendingMessage::Delivery(message) => {
                let message = *message;
                deliveries.push((place, Outgoing { message, delay }));
            }
        }
    }
    send_again(ports.assignments(), assignments, stuck).await;
    send_again(ports.deliveries(), deliveries, stuck).await;
}

async fn send_again<M>(
    queue: &impl SendMessages<M>,
    messages: Vec<(usize, Outgoing<M>)>,
    stuck: &mut [(Stuck, Option<Pending>)],
) {
    if messages.is_empty() {
        return;
    }
    let (places, messages): (Vec<_>, Vec<_>) = messages.into_iter().unzip();
    for (place, sent) in places.into_iter().zip(queue.send(messages).await) {
        let Some((stuck, _)) = stuck.get_mut(place) else {
            continue;
        };
        match sent {
            Ok(()) => stuck.repaired = true,
            Err(error) => tracing::error!(
                team = %stuck.key.team, item_id = %stuck.key.item_id, code = error.kind.code(), %error,
                "a stuck file's message cannot be sent"
            ),
        }
    }
}
