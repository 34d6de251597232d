//! The example receiver as a Lambda function.

use std::env::{self, VarError};

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use receiver::{Config, Receiver, Script, Secrets};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let secrets = Secrets::parse(&variable("SIGNING_SECRETS")?)
        .map_err(|error| format!("SIGNING_SECRETS: {error}"))?;
    let script = match variable("RESPOND")?.as_str() {
        "" => Script::default(),
        text => text.parse().map_err(|error| format!("RESPOND: {error}"))?,
    };
    let receiver = &Receiver::new(Config {
        secrets,
        script,
        ..Config::default()
    });
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(receiver.answer(&event.payload))
    }))
    .await
}

/// An environment variable, empty if it is not set. One that is set but cannot be read is an error, and must not
/// count as empty.
fn variable(name: &str) -> Result<String, Error> {
    match env::var(name) {
        Ok(value) => Ok(value),
        Err(VarError::NotPresent) => Ok(String::new()),
        Err(VarError::NotUnicode(_)) => Err(format!("{name}: it is not UTF-8").into()),
    }
}
