use aws::{Deployment, Names, sdk_config};

use super::directory::Directory;
use super::operation::{Backend, Operation};
use crate::error::Error;

impl Backend for Deployment {
    fn here(&self) -> Option<&Directory> {
        None
    }
}

/// Performs an operation on the deployment whose stack has this name.
pub(crate) async fn perform(stack: &str, operation: &impl Operation) -> Result<u8, Error> {
    let config = sdk_config().await;
    if config.region().is_none() {
        return Err(Error::Usage(
            "--aws: no region is set; set AWS_REGION, or a region in the AWS profile".to_owned(),
        ));
    }
    let names = Names::of_stack(&config, stack).await?;
    let done = operation.on(&Deployment::new(&config, &names)).await;
    done.map_err(|error| match error {
        Error::Engine(error) => Error::Deployment(error),
        error => error,
    })
}
