//! The sender as a Lambda function.

mod ports;

use aws::{Environment, SourceQueue, sdk_config, warm};
use delivery::control::RecentCalls;
use delivery::ports::StepPorts;
use lambda_runtime::{Error, run, service_fn, tracing};
use sender::Settings;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let Settings {
        concurrency,
        default_timeout,
        longest_call,
        lanes,
    } = Settings::default();
    let settings = &Settings {
        concurrency: Environment.number("CONCURRENCY", concurrency)?,
        default_timeout: Environment
            .seconds("REQUEST_TIMEOUT_SECONDS", default_timeout.as_secs())?,
        longest_call: Environment.seconds("LONGEST_CALL_SECONDS", longest_call.as_secs())?,
        lanes,
    };
    let recent = &RecentCalls::default();
    let config = sdk_config().await;
    let ports = &ports::Sender::new(&config, Environment)?;
    let source = &SourceQueue::new(&config, Environment.required("DELIVERIES_QUEUE_URL")?)
        .and(&config, Environment.required("SLOW_DELIVERIES_QUEUE_URL")?);
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        let answer = sender::handle(ports, settings, recent, event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
