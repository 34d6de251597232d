use std::io::Write;

use secrecy::ExposeSecret;
use webhook::SigningKey;

use super::SUCCESS;
use crate::cli::{SigningKeyCommand, secret};
use crate::error::Error;
use crate::terminal::output::output;

/// Runs `webhook-stage signing-key`.
///
/// # Errors
/// [`Error`] when the variable has no key, or the system gives no randomness.
pub(crate) fn signing_key(what: &SigningKeyCommand) -> Result<u8, Error> {
    match what {
        SigningKeyCommand::New => {
            let (key, text) = SigningKey::generate()
                .map_err(|_| Error::Usage("the system gives no randomness".to_owned()))?;
            output(|out| {
                writeln!(out, "{}", text.expose_secret())?;
                writeln!(out, "{}", key.public())
            })?;
        }
        SigningKeyCommand::Public(args) => {
            let key = secret::signing_key("--key-env", &args.key_env)?;
            output(|out| writeln!(out, "{}", key.public()))?;
        }
    }
    Ok(SUCCESS)
}
