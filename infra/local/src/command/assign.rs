use super::deployment;
use crate::cli::AssignArgs;
use crate::error::Error;

/// Runs `webhook-stage assign`.
///
/// # Errors
/// [`Error`] when the workflow or the stage does not exist, or the deployment fails. Files that were
/// assigned before the error stay assigned; giving the same command again assigns the rest.
pub(crate) async fn assign(args: &AssignArgs) -> Result<u8, Error> {
    deployment::assign(args).await
}
