use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use super::document_offload::shrink_to_fit;
use super::exit::{commit_exit, emit, replay_exit, republish_exit};
use super::fault::Fault;
use super::write::{Conflict, send_one};
use crate::document::DocumentRef;
use crate::machine::{
    DeadLetterDecision, decide_dead_letter, decide_dead_letter_assignment, visit_id_of,
};
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::ports::{Clock, DeadLetterPorts, FileStates, Workflows};
use crate::reason::Reason;
use crate::state::{FileKey, FileState};
use crate::time::Timestamp;

/// How often others may write the record in between before the message is left for later.
const MAX_CONFLICTS: usize = 4;

/// What happened to the file that a dead letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLettered {
    /// It left its stage by `failed`, now or because of an earlier copy of the letter: park the letter.
    Failed,
    /// The letter never had any effect: park it.
    WithoutEffect,
    /// It went on without this letter: delete the letter, since a redrive would only send the file through
    /// the stage once more.
    Superseded,
}

impl DeadLettered {
    fn by(reason: Option<Reason>) -> Self {
        match reason {
            Some(Reason::DeadLettered) => Self::Failed,
            _ => Self::Superseded,
        }
    }
}

/// Moves the file of a dead-lettered delivery out of its stage.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn dead_letter<P: DeadLetterPorts>(
    ports: &P,
    message: &Delivery,
) -> Result<DeadLettered, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&message.team, message.workflow_id)
        .await?;
    let decide =
        |state: &FileState, now| decide_dead_letter(workflow.as_deref(), message, state, now);
    let document = message.document.as_ref();
    let became = move_on(ports, &message.key(), message.delivery_id, document, decide).await?;
    Ok(match became {
        // It was only a check after a rejected command.
        DeadLettered::WithoutEffect if message.attempt == 0 => DeadLettered::Superseded,
        became => became,
    })
}

/// Moves the file of a dead-lettered assignment out of the stage that it was to fire, if the file is there.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn dead_letter_assignment<P: DeadLetterPorts>(
    ports: &P,
    assignment: &Assignment,
) -> Result<DeadLettered, Fault> {
    let workflow = ports
        .workflows()
        .workflow(&assignment.team, assignment.workflow_id)
        .await?;
    let decide = |state: &FileState, now| {
        decide_dead_letter_assignment(workflow.as_deref(), assignment, state, now)
    };
    let (visit_id, document) = (visit_id_of(assignment), assignment.document.as_ref());
    move_on(ports, &assignment.key(), visit_id, document, decide).await
}

async fn move_on<P: DeadLetterPorts>(
    ports: &P,
    key: &FileKey,
    visit_id: Uuid,
    document: Option<&DocumentRef>,
    decide: impl Fn(&FileState, Timestamp) -> DeadLetterDecision,
) -> Result<DeadLettered, Fault> {
    let mut state = ports.states().get(key).await?;
    for _ in 0..MAX_CONFLICTS {
        let Some(current) = state else {
            return Ok(DeadLettered::WithoutEffect);
        };
        let now = ports.clock().now();
        match decide(&current, now) {
            DeadLetterDecision::Done(left) => {
                replay_exit(ports, left.as_deref(), document).await?;
                return Ok(DeadLettered::by(left.and_then(|left| left.reason)));
            }
            DeadLetterDecision::NeedsHistory => {
                let visit = republish_exit(ports, key, visit_id).await?;
                return Ok(match visit {
                    None if current.visit.id != visit_id => DeadLettered::WithoutEffect,
                    visit => {
                        let delivery = visit.and_then(|visit| visit.delivery);
                        DeadLettered::by(delivery.and_then(|delivery| delivery.reason))
                    }
                });
            }
            DeadLetterDecision::LeaseHeld => return Err(Fault::LeaseHeld(now)),
            DeadLetterDecision::Reenqueue { delivery, delay } => {
                send_one(ports.deliveries(), *delivery, delay).await?;
                return Ok(DeadLettered::Superseded);
            }
            DeadLetterDecision::ReenqueueAssignment { assignment, left } => {
                emit(ports, left.as_deref(), Some(*assignment)).await?;
                return Ok(DeadLettered::by(left.and_then(|left| left.reason)));
            }
            DeadLetterDecision::Close(closed) => match commit_exit(ports, *closed, document).await?
            {
                None => return Ok(DeadLettered::Failed),
                Some(Conflict(found)) => state = found,
            },
        }
    }
    Err(Fault::Contended)
}

/// Parks a message for inspection and redrive.
///
/// If a message is too long to be parked, its inline document is stored separately; if it cannot be read
/// either, only its beginning is parked.
///
/// # Errors
/// [`Fault`]: the message must stay on the dead-letter queue.
pub async fn park<P: DeadLetterPorts>(ports: &P, letter: DeadLetter) -> Result<(), Fault> {
    let about = About::of(&letter);
    tracing::error!(
        queue = letter.queue,
        cause = letter.cause,
        team = about.team,
        item_id = about.item_id.map(tracing::field::display),
        stage_id = about.stage_id.map(tracing::field::display),
        delivery_id = about.delivery_id.map(tracing::field::display),
        "message dead-lettered"
    );
    let letter = shrink_to_fit(ports.documents(), letter).await?;
    Ok(send_one(ports.dead_letters(), letter, Duration::ZERO).await?)
}

/// The file that the message was about, as far as it says so.
#[derive(Default, Deserialize)]
#[serde(default)]
struct About {
    team: Option<String>,
    item_id: Option<Uuid>,
    stage_id: Option<Uuid>,
    delivery_id: Option<Uuid>,
}

impl About {
    fn of(letter: &DeadLetter) -> Self {
        serde_json::from_str(&letter.body).unwrap_or_default()
    }
}
