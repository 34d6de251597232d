use std::time::Duration;

use crate::ports::{
    Archived, Outgoing, PortError, PortErrorKind, SendMessages, StepPorts, WriteError,
};
use crate::state::FileState;

/// Writes a record conditionally, with its file's history. `Ok(None)`: it was written. `Ok(Some(_))`: somebody else
/// wrote first, and this is the current record.
///
/// Finding exactly the record that was to be written counts as success, because an engine that retries by
/// itself may find its own first write.
pub(super) async fn write(
    ports: &impl StepPorts,
    archived: Vec<Archived>,
    next: &FileState,
) -> Result<Option<Conflict>, PortError> {
    match ports.write(archived, next).await {
        Ok(()) => Ok(None),
        Err(WriteError::Conflict(Some(found))) if *found == *next => Ok(None),
        Err(WriteError::Conflict(found)) => Ok(Some(Conflict(found.map(|state| *state)))),
        Err(WriteError::Port(error)) => Err(error),
    }
}

/// The record that a conflicting write found.
#[derive(Debug)]
pub(super) struct Conflict(pub(super) Option<FileState>);

/// Sends one message.
pub(super) async fn send_one<M: Send>(
    queue: &impl SendMessages<M>,
    message: M,
    delay: Duration,
) -> Result<(), PortError> {
    queue
        .send(vec![Outgoing { message, delay }])
        .await
        .pop()
        .unwrap_or_else(|| Err(PortError::new(PortErrorKind::Unavailable, "send a message")))
}
