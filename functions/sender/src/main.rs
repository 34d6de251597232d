//! The sender as a Lambda function.

mod ports;

use aws::{Environment, function_config, init_logs, warm};
use delivery::control::RecentCalls;
use delivery::ports::StepPorts;
use lambda_runtime::{Error, run, service_fn};
use mimalloc::MiMalloc;
use sender::Settings;

/// A file's requests allocate some thousand times, which was a fifth of what it cost.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
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
    let ports = &ports::Sender::new(&function_config(Environment)?, Environment)?;
    let source = &ports.source(Environment)?;
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        let answer = sender::handle(ports, settings, recent, event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
