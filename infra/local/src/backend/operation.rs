#[cfg(feature = "serve")]
use delivery::ports::ApiKeys;
use delivery::ports::Operator;

use super::directory::Directory;
use super::remote::Remote;
use crate::error::Error;

/// An engine, as a command sees it.
pub(crate) trait Backend: Operator {
    /// The state directory, if the functions run on this machine. A command then runs them itself, because
    /// nothing else does; on a deployment it can only wait.
    fn here(&self) -> Option<&Directory>;
}

/// What a command does, on whichever engine.
pub(crate) trait Operation {
    /// Does it, and returns the exit code.
    async fn on(&self, backend: &impl Backend) -> Result<u8, Error>;

    /// Does the same over an API, for the team of the key.
    async fn over(&self, remote: &Remote) -> Result<u8, Error>;
}

/// What a command does with an API's keys, wherever they are.
#[cfg(feature = "serve")]
pub(crate) trait KeyOperation {
    /// Does it, and returns the exit code.
    async fn on(&self, keys: &impl ApiKeys) -> Result<u8, Error>;
}

impl Backend for Directory {
    fn here(&self) -> Option<&Directory> {
        Some(self)
    }
}
