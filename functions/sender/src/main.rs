//! The sender as a Lambda function.

use aws::{Environment, SenderPorts, SourceQueue, sdk_config};
use lambda_runtime::{Error, run, service_fn, tracing};
use sender::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let defaults = Settings::default();
    let settings = &Settings {
        concurrency: Environment.number("CONCURRENCY", defaults.concurrency)?,
        default_timeout: Environment.seconds("REQUEST_TIMEOUT_SECONDS", 30)?,
        longest_call: Environment.seconds("LONGEST_CALL_SECONDS", 60)?,
    };
    let config = sdk_config().await;
    let ports = &SenderPorts::new(&config, Environment)?;
    let source = &SourceQueue::new(&config, Environment.required("DELIVERIES_QUEUE_URL")?);
    ports.warm().await;
    run(service_fn(|event| async move {
        let answer = sender::handle(ports, settings, event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
