//! The dead-letter function as a Lambda function.

mod ports;

use aws::{Environment, function_config, init_logs, warm};
use delivery::ports::StepPorts;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
    let ports = &ports::DeadLetters::new(&function_config(Environment)?, Environment)?;
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        // Its queues do not limit receives, so a failed record can simply wait until its visibility timeout ends.
        Ok::<_, Error>(dead_letter::handle(ports, event).await?.response())
    }))
    .await
}
