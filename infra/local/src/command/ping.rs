use std::fs;

use bytes::Bytes;
use workflow::{StageSecrets, WebhookConfig};

use super::test_call::{caller, first_attempt, send};
use crate::cli::PingArgs;
use crate::cli::secret;
use crate::error::Error;
use crate::intake::examples;

/// Runs `webhook-stage ping`.
///
/// # Errors
/// [`Error`] when the document or the variable cannot be read.
pub(crate) async fn ping(args: &PingArgs) -> Result<u8, Error> {
    let document = match &args.document {
        None => Bytes::from_static(examples::DOCUMENTS[0].1.as_bytes()),
        Some(path) => fs::read(path)
            .map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?
            .into(),
    };
    let variable = args.authorization_env.as_deref();
    let authorization = variable
        .map(|variable| secret::authorization("--authorization-env", variable))
        .transpose()?;
    let secrets = StageSecrets {
        authorization,
        ..StageSecrets::default()
    };
    let config = WebhookConfig::new(args.url.clone());
    let call = first_attempt(config, secrets, document);
    send(caller(&args.allow_network)?, call).await
}
