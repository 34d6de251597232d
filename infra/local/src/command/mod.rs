//! The commands. Each returns its exit code, or an error whose message fits on one line.

mod assign;
mod audit;
mod demo;
#[cfg(feature = "aws")]
mod deployment;
#[cfg(not(feature = "aws"))]
#[path = "deployment/missing.rs"]
mod deployment;
mod parked;
mod ping;
mod receive;
mod redeliver;
mod redrive;
mod run;
mod settled;
mod status;
mod visits;
mod workflow;

use crate::cli::{AuditArgs, RedeliverArgs, RedriveArgs, StatusArgs};
use crate::error::Error;

pub(crate) use assign::assign;
pub(crate) use demo::demo;
pub(crate) use ping::ping;
pub(crate) use receive::receive;
pub(crate) use run::run;
pub(crate) use workflow::workflow;

/// `webhook-stage audit`.
///
/// # Errors
/// [`Error`] when the state directory or the deployment cannot be read.
pub(crate) async fn audit(args: &AuditArgs) -> Result<u8, Error> {
    let settings = audit::settings(args);
    if args.target.aws {
        deployment::audit(args, settings).await
    } else {
        audit::audit(args, settings).await
    }
}

/// `webhook-stage redeliver`.
///
/// # Errors
/// [`Error`] when the state directory, the deployment, the stage or an item is not there.
pub(crate) async fn redeliver(args: &RedeliverArgs) -> Result<u8, Error> {
    if args.target.aws {
        deployment::redeliver(args).await
    } else {
        redeliver::redeliver(args).await
    }
}

/// `webhook-stage redrive`.
///
/// # Errors
/// [`Error`] when the state directory or the deployment fails; letters redriven before stay redriven.
pub(crate) async fn redrive(args: &RedriveArgs) -> Result<u8, Error> {
    if args.target.aws {
        deployment::redrive(args).await
    } else {
        redrive::redrive(args).await
    }
}

/// `webhook-stage status`.
///
/// # Errors
/// [`Error`] when the state directory, the deployment or the stage is not there.
pub(crate) async fn status(args: &StatusArgs) -> Result<u8, Error> {
    if args.target.aws {
        deployment::status(args).await
    } else {
        status::status(args).await
    }
}

/// Everything went well.
pub(crate) const SUCCESS: u8 = 0;
/// The command could not be carried out: wrong usage, a broken workflow or document, or a failed engine.
pub(crate) const ERROR: u8 = 1;
/// The command was carried out, but some files failed or were rejected.
pub(crate) const SOME_FAILED: u8 = 2;
/// A person stopped the command.
pub(crate) const INTERRUPTED: u8 = 130;
