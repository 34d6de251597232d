//! The dispatcher as a Lambda function.

mod ports;

use aws::{Environment, SourceQueue, sdk_config, warm};
use delivery::ports::StepPorts;
use lambda_runtime::{Error, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = sdk_config().await;
    let ports = &ports::Dispatcher::new(&config, Environment)?;
    let source = &SourceQueue::new(&config, Environment.required("ASSIGNMENTS_QUEUE_URL")?);
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        let answer = dispatcher::handle(ports, event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
