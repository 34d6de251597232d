//! What signs calls for AWS on one machine.

#[cfg(feature = "aws")]
pub(crate) use with_sdk::Signer;

use workflow::{Access, Workflow};

use crate::error::Error;

/// Signs nothing: this build has no AWS SDK.
#[cfg(not(feature = "aws"))]
pub(crate) type Signer = ();

#[cfg(feature = "aws")]
mod with_sdk {
    use std::sync::Arc;

    use aws::SigV4Signer;
    use delivery::ports::{SignError, SignRequest, SignatureHeader, Unsigned};
    use tokio::sync::OnceCell;

    /// Signs with the credentials of the environment, which are not looked for until a stage needs them.
    #[derive(Clone, Debug, Default)]
    pub struct Signer {
        signer: Arc<OnceCell<SigV4Signer>>,
    }

    impl SignRequest for Signer {
        async fn sign(&self, request: Unsigned<'_>) -> Result<Vec<SignatureHeader>, SignError> {
            let load = || async { SigV4Signer::new(&aws::sdk_config().await) };
            self.signer.get_or_init(load).await.sign(request).await
        }
    }
}

/// Checks that this build can make the calls of a workflow's stages. Otherwise each of their files would use up its
/// attempts.
///
/// # Errors
/// [`Error::Usage`], which names the stage and the feature that is missing.
pub(crate) fn check(workflow: &Workflow) -> Result<(), Error> {
    if cfg!(feature = "aws") {
        return Ok(());
    }
    let mut stages = workflow.webhook_stages();
    let signed = stages.find(|(_, config)| matches!(config.access, Some(Access::SigV4(_))));
    match signed {
        None => Ok(()),
        Some((stage, _)) => Err(Error::Usage(format!(
            "the stage \"{}\" has aws_sigv4, and this program was built without signatures for AWS: build it with --features aws",
            stage.name
        ))),
    }
}
