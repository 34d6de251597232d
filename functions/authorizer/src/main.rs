//! The authorizer as a Lambda function.

use std::env;

use authorizer::{ACCEPTED, Tokens, answer};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let configured = env::var(ACCEPTED).unwrap_or_default();
    let tokens = Tokens::parse(&configured).map_err(|error| format!("{ACCEPTED}: {error}"))?;
    let tokens = &tokens;
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(answer(tokens, &event))
    }))
    .await
}
