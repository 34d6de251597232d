//! What a command works on: a state directory on this machine, a deployment on AWS, or an API. Only this module tells
//! them apart by the arguments, and only here do their engines have names.

pub(crate) mod allowed_networks;
#[cfg(feature = "aws")]
mod deployment;
#[cfg(not(feature = "aws"))]
#[path = "missing.rs"]
mod deployment;
pub(crate) mod directory;
#[cfg(feature = "serve")]
mod keys;
mod operation;
pub(crate) mod remote;
pub(crate) mod stages;
pub(crate) mod unfinished;
pub(crate) mod workflows;

pub(crate) use deployment::perform as perform_on_aws;
#[cfg(feature = "serve")]
pub(crate) use keys::perform_on_keys;
#[cfg(feature = "serve")]
pub(crate) use operation::KeyOperation;
pub(crate) use operation::{Backend, Operation};

use self::remote::Remote;
use crate::cli::TargetArgs;
use crate::error::Error;

/// Performs a command's operation on what the arguments name, and returns its exit code.
///
/// # Errors
/// [`Error`] when there is no such state directory or deployment, or the operation fails.
pub(crate) async fn perform(target: &TargetArgs, operation: &impl Operation) -> Result<u8, Error> {
    if let Some(remote) = Remote::of(&target.api).await? {
        operation.over(&remote).await
    } else if target.aws {
        perform_on_aws(&target.stack(), operation).await
    } else {
        operation.on(&directory::open(&target.state)?).await
    }
}
