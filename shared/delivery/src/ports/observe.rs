use std::future::Future;

use super::PortError;
use crate::audit::Audit;
use crate::control::{Change, HeldBy, StageKey};
use crate::event::{Attempted, FileLeft};
use crate::record::Rejection;

/// Announces events to other systems, at least once.
pub trait Events: Send + Sync {
    /// Announces that a file left a Webhook stage.
    fn file_left(&self, event: &FileLeft) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Announces that the circuit breaker, the pause or the lane of a stage changed.
    fn stage_changed(&self, change: &Change) -> impl Future<Output = Result<(), PortError>> + Send;
}

/// Announces nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoEvents;

impl Events for NoEvents {
    async fn file_left(&self, _event: &FileLeft) -> Result<(), PortError> {
        Ok(())
    }

    async fn stage_changed(&self, _change: &Change) -> Result<(), PortError> {
        Ok(())
    }
}

/// Something worth counting or showing.
#[derive(Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// An attempt ended, and is on record.
    Attempted(&'a Attempted),
    /// A file left a Webhook stage, or stays in it for good.
    Left(&'a FileLeft),
    /// A delivery that was due waits, because its stage holds deliveries back.
    PutOff(&'a StageKey, HeldBy),
    /// The circuit breaker, the pause or the lane of a stage changed.
    StageChanged(&'a Change),
    /// An assignment was rejected.
    Rejected(&'a Rejection),
    /// An audit scanned the files that are not at rest.
    Audited(&'a Audit),
    /// A record of a batch failed and went back to its queue. For Lambda the invocation still succeeded.
    BatchItemFailure {
        /// The function's short name, such as `sender`.
        function: &'static str,
        /// The failure's stable code.
        code: &'static str,
    },
}

/// Takes in metrics and progress. It must not block, and cannot fail.
pub trait Observer: Send + Sync {
    /// Called for each observation.
    fn observe(&self, observation: Observation<'_>);
}

/// Observes nothing.
impl Observer for () {
    fn observe(&self, _observation: Observation<'_>) {}
}
