//! The authorizer as a Lambda function.

use std::env::{self, VarError};

use authorizer::{ACCEPTED, Tokens, answer};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let configured = match env::var(ACCEPTED) {
        Ok(configured) => configured,
        Err(VarError::NotPresent) => String::new(),
        Err(VarError::NotUnicode(_)) => return Err(format!("{ACCEPTED}: it is not UTF-8").into()),
    };
    let tokens = Tokens::parse(&configured).map_err(|error| format!("{ACCEPTED}: {error}"))?;
    if tokens.is_empty() {
        tracing::warn!("{ACCEPTED} contains no hash, so every call is denied");
    }
    let tokens = &tokens;
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(answer(tokens, &event))
    }))
    .await
}
