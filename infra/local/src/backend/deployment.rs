use aws::{Deployment, Names, sdk_config};

use super::directory::Directory;
#[cfg(feature = "serve")]
use super::operation::KeyOperation;
use super::operation::{Backend, Operation};
use crate::error::Error;

impl Backend for Deployment {
    fn here(&self) -> Option<&Directory> {
        None
    }
}

/// Performs an operation on the deployment whose stack has this name.
pub(crate) async fn perform(stack: &str, operation: &impl Operation) -> Result<u8, Error> {
    let deployment = deployment(stack).await?;
    operation.on(&deployment).await.map_err(of_deployment)
}

/// Performs an operation on the API's keys of the deployment whose stack has this name.
#[cfg(feature = "serve")]
pub(crate) async fn perform_on_keys(
    stack: &str,
    operation: &impl KeyOperation,
) -> Result<u8, Error> {
    let deployment = deployment(stack).await?;
    let Some(keys) = deployment.registry() else {
        return Err(Error::Usage(format!(
            "the stack \"{stack}\" has no API: deploy it with the parameter Api=true"
        )));
    };
    operation.on(keys).await.map_err(of_deployment)
}

async fn deployment(stack: &str) -> Result<Deployment, Error> {
    let config = sdk_config().await;
    if config.region().is_none() {
        return Err(Error::Usage(
            "--aws: no region is set; set AWS_REGION, or a region in the AWS profile".to_owned(),
        ));
    }
    let names = Names::of_stack(&config, stack).await?;
    Ok(Deployment::new(&config, &names))
}

fn of_deployment(error: Error) -> Error {
    match error {
        Error::Engine(error) => Error::Deployment(error),
        error => error,
    }
}
