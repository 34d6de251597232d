use std::time::Duration;

use super::fault::Fault;
use crate::document::DocumentRef;
use crate::message::{Assignment, DeadLetter, Delivery, MAX_BODY};
use crate::ports::{Documents, Outgoing, PortErrorKind};
use crate::state::FileKey;

/// The largest document that stays inline on its way to the next stage: half of a message's limit.
const LARGEST_PASSED_ON: usize = MAX_BODY / 2;

/// How much is parked of a message that cannot be read and is too long to be parked whole.
const LONGEST_UNREADABLE: usize = 64 * 1024;

/// Moves a large inline document to the store before its file goes on to the next stage. The next stage's
/// messages are a little longer, and one that was at the limit could not be sent at all.
pub(super) async fn offload_large_inline(documents: &impl Documents, assignment: &mut Assignment) {
    let Some(document @ DocumentRef::Inline(json)) = &assignment.document else {
        return;
    };
    if json.get().len() <= LARGEST_PASSED_ON {
        return;
    }
    match documents.keep(&assignment.key(), document).await {
        Ok(()) => assignment.document = None,
        Err(error) => tracing::warn!(
            item_id = %assignment.item_id, code = error.kind.code(),
            "a large inline document could not be stored, so it stays in its message"
        ),
    }
}

/// Makes a dead letter short enough to be parked. In a letter the message is a JSON string, which can be twice
/// as long as the message itself. So a large inline document is moved to the store, and read from there again
/// when the letter is redriven.
pub(super) async fn shrink_to_fit(
    documents: &impl Documents,
    letter: DeadLetter,
) -> Result<DeadLetter, Fault> {
    if fits(&letter) {
        return Ok(letter);
    }
    let length = letter.body.len();
    if let Some((key, document, body)) = without_document(&letter.body) {
        documents.keep(&key, &document).await?;
        let cause = format!(
            "{}; its document is in the store ({length} bytes)",
            letter.cause
        );
        let queue = letter.queue.clone();
        let lighter = DeadLetter { queue, body, cause };
        if fits(&lighter) {
            return Ok(lighter);
        }
    }
    Ok(DeadLetter {
        body: beginning(&letter.body).to_owned(),
        cause: format!(
            "{}; only its beginning is parked here (of {length} bytes)",
            letter.cause
        ),
        queue: letter.queue,
    })
}

fn without_document(body: &str) -> Option<(FileKey, DocumentRef, String)> {
    if let Ok(mut delivery) = Delivery::parse(body) {
        let document = delivery.document.take()?;
        let body = serde_json::to_string(&delivery).ok()?;
        return Some((delivery.key(), document, body));
    }
    let mut assignment = Assignment::parse(body).ok()?;
    let document = assignment.document.take()?;
    let body = serde_json::to_string(&assignment).ok()?;
    Some((assignment.key(), document, body))
}

fn fits(letter: &DeadLetter) -> bool {
    let delay = Duration::ZERO;
    let body = Outgoing {
        message: letter,
        delay,
    }
    .body();
    !body.is_err_and(|error| error.kind == PortErrorKind::TooLarge)
}

fn beginning(body: &str) -> &str {
    let end = (0..=LONGEST_UNREADABLE.min(body.len()))
        .rev()
        .find(|&at| body.is_char_boundary(at));
    end.map_or("", |end| &body[..end])
}
