//! The audit as a Lambda function.

mod ports;

use audit::Settings;
use aws::{Environment, function_config, init_logs};
use delivery::ports::AuditPorts;
use lambda_runtime::{Error, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    init_logs();
    let ports = &ports::Audit::new(&function_config(Environment)?, Environment)?;
    let settings = &Settings {
        segments: Environment.number("AUDIT_SEGMENTS", 24)?,
        grace: Environment.seconds("UNFINISHED_FILE_SECONDS", 3600)?,
        repair: Environment.optional("AUDIT_REPAIRS").as_deref() != Some("false"),
    };
    run(service_fn(|event| async move {
        let _invocation = ports.observer().invocation();
        Ok::<_, Error>(audit::handle(ports, settings, event).await?)
    }))
    .await
}
