//! The dispatcher as a Lambda function.

mod ports;

use aws::{Environment, function_config, init_logs, warm};
use delivery::ports::StepPorts;
use lambda_runtime::{Error, run, service_fn};
use mimalloc::MiMalloc;

/// A file's requests allocate some thousand times, which was a fifth of what it cost.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
    let ports = &ports::Dispatcher::new(&function_config(Environment)?, Environment)?;
    let source = &ports.source(Environment)?;
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        let answer = dispatcher::handle(ports, event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
