//! The example receiver as a Lambda function.

use std::env;

use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use receiver::{Config, Receiver, Secrets};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let secrets = Secrets::parse(&env::var("SIGNING_SECRETS").unwrap_or_default())
        .map_err(|error| format!("SIGNING_SECRETS: {error}"))?;
    let script = match env::var("RESPOND") {
        Ok(text) if !text.is_empty() => {
            text.parse().map_err(|error| format!("RESPOND: {error}"))?
        }
        _ => receiver::Script::default(),
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
