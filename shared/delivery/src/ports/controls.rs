use std::future::Future;

use super::PortError;
use crate::control::{StageControl, StageKey};
use crate::format::{self, FormatError, Newer};

/// Why a conditional write of a control record did not succeed.
#[derive(Debug)]
pub enum ControlWriteError {
    /// Somebody else wrote first; this is the current record.
    Conflict(Box<StageControl>),
    /// The engine failed; the write may or may not have happened.
    Port(PortError),
}

/// Reads a stored control record. One that cannot be read counts as none, and is logged: its stage then goes on
/// without a breaker, and no other stage is affected.
///
/// # Errors
/// [`Newer`] when a later version wrote it. It may say that the stage is paused, so its deliveries wait.
pub fn stored_control(stage: &StageKey, json: &str) -> Result<StageControl, Newer> {
    match format::read(json) {
        Ok(control) => Ok(control),
        Err(FormatError::Newer(newer)) => Err(newer),
        Err(FormatError::Unreadable(error)) => {
            tracing::error!(
                team = %stage.team, workflow_id = %stage.workflow_id, stage_id = %stage.stage_id, %error,
                "the stage's control record cannot be read, and is ignored"
            );
            Ok(StageControl::default())
        }
    }
}

/// The stages' control records.
pub trait Controls: Send + Sync {
    /// A stage's record, the default if it never had one. It is read in the same request as the stage's workflow, and
    /// cached with it, for 5 s at most.
    fn control(
        &self,
        stage: &StageKey,
    ) -> impl Future<Output = Result<StageControl, PortError>> + Send;

    /// Writes `next` if the record still has version `next.version - 1` (or does not exist, if that is 0).
    fn put_control(
        &self,
        stage: &StageKey,
        next: &StageControl,
    ) -> impl Future<Output = Result<(), ControlWriteError>> + Send;
}
