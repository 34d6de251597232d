//! The audit as a Lambda function.

mod ports;

use audit::Settings;
use aws::{Environment, sdk_config};
use delivery::ports::AuditPorts;
use lambda_runtime::{Error, run, service_fn, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let ports = &ports::Audit::new(&sdk_config().await, Environment)?;
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
