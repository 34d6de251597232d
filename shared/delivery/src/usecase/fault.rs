use std::time::Duration;

use crate::ports::PortError;
use crate::state::FileKey;
use crate::time::Timestamp;

/// First wait after a fault of the engine.
const PAUSE: Duration = Duration::from_secs(5);

/// Why a message must stay on its queue. Never the receiver's fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The engine failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Another sender has the attempt; the message comes back in case that sender dies.
    #[error("another sender has the attempt until {0}")]
    LeaseHeld(Timestamp),
    /// Too little of the invocation is left to make the call and record it.
    #[error("too little time is left in this invocation to start the call")]
    OutOfTime,
    /// The record changed under this step more often than it is worth fighting for.
    #[error("the file's record was written by others meanwhile")]
    Contended,
    /// There is no record of the file: a message from elsewhere, or a lost table.
    #[error("no record of file {0}: the delivery did not come from this deployment's dispatcher")]
    UnknownFile(FileKey),
}

impl Fault {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Port(error) => error.kind.code(),
            Self::LeaseHeld(_) => "lease_held",
            Self::OutOfTime => "out_of_time",
            Self::Contended => "contended",
            Self::UnknownFile(_) => "unknown_file",
        }
    }

    /// How long to wait before the message is tried again, where it is not at fault; none where it may be,
    /// so that a message nobody can handle ends among the dead letters.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Port(error) => error.kind.is_passing().then_some(PAUSE),
            Self::LeaseHeld(until) => Some(now.until(*until)),
            Self::OutOfTime => Some(Duration::ZERO),
            Self::Contended => Some(Duration::from_secs(1)),
            Self::UnknownFile(_) => None,
        }
    }
}
