use embedded::KeysFile;

use super::deployment;
use super::operation::KeyOperation;
use crate::cli::TargetArgs;
use crate::error::Error;

/// Performs an operation on the keys of a state directory, which a server may have open meanwhile, or of a deployment.
///
/// # Errors
/// [`Error`] when there is no such state directory, or no deployment with an API, or the operation fails.
pub(crate) async fn perform_on_keys(
    target: &TargetArgs,
    operation: &impl KeyOperation,
) -> Result<u8, Error> {
    if target.aws {
        return deployment::perform_on_keys(&target.stack(), operation).await;
    }
    if !target.state.is_dir() {
        return Err(Error::Usage(format!(
            "--state {}: there is no such directory",
            target.state.display()
        )));
    }
    operation.on(&KeysFile::of(&target.state)).await
}
