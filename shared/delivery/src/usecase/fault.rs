use std::time::Duration;

use crate::ports::PortError;
use crate::state::FileKey;
use crate::time::Timestamp;

/// Why a message must stay on its queue. It is never because of the receiver.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The engine failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// Another sender has claimed the attempt; the message comes back in case that sender crashes.
    #[error("another sender has the attempt until {0}")]
    LeaseHeld(Timestamp),
    /// Too little of the invocation's time is left to make the call and record it.
    #[error("too little time is left in this invocation to start the call")]
    OutOfTime,
    /// Others changed the record too often while this step tried to write it.
    #[error("the file's record was changed by others in the meantime")]
    Contended,
    /// The file has no record: the message came from another deployment, or the table was lost.
    #[error("no record of file {0}: the delivery did not come from this deployment's dispatcher")]
    UnknownFile(FileKey),
}

impl Fault {
    /// A stable code for machines.
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

    /// How long to wait before the message is tried again, if it is certainly not the cause; none if it may be,
    /// so that a message that cannot be handled ends as a dead letter.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Port(error) => error.kind.retry_after(),
            Self::LeaseHeld(until) => Some(now.until(*until)),
            Self::OutOfTime => Some(Duration::ZERO),
            Self::Contended => Some(Duration::from_secs(1)),
            Self::UnknownFile(_) => None,
        }
    }
}
