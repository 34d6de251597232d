//! The assigner as a Lambda function.

mod ports;

use aws::{Environment, function_config, init_logs, warm};
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
    let ports = &ports::Assigner::new(&function_config(Environment)?, Environment)?;
    let source = &ports.source(Environment)?;
    warm(ports.connections()).await;
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        let answer = assigner::handle(ports, ports.observer(), event).await?;
        Ok::<_, Error>(source.settle(answer).await)
    }))
    .await
}
