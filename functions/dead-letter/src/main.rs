//! The dead-letter function as a Lambda function.

use aws::{DeadLetterFunctionPorts, Environment, sdk_config};
use lambda_runtime::{Error, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let ports = &DeadLetterFunctionPorts::new(&sdk_config().await, Environment)?;
    ports.warm().await;
    run(service_fn(|event| async move {
        // Its queues do not limit receives, so a failed record can simply wait until its visibility timeout ends.
        Ok::<_, Error>(dead_letter::handle(ports, event).await?.response())
    }))
    .await
}
