use super::deployment;
use crate::cli::AssignArgs;
use crate::error::Error;

/// `webhook-stage assign`.
///
/// # Errors
/// [`Error`] when the workflow or the stage is not there, or the deployment fails. What was assigned
/// before stays so; the same command again assigns the rest.
pub async fn assign(args: &AssignArgs) -> Result<u8, Error> {
    deployment::assign(args).await
}
