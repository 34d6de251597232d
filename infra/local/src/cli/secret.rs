//! Reads secrets from the environment, and checks them before anything is sent or stored. No message ever
//! shows a value.

use std::env::{self, VarError};

use authorizer::MAX_VALUE;
use receiver::Secrets;
use secrecy::{ExposeSecret, SecretString};
use webhook::SigningKey;
use workflow::{AuthorizationError, check_authorization};

use crate::error::Error;

/// The variable with the signing secrets that `receive` accepts.
const SIGNING_SECRETS: &str = "SIGNING_SECRETS";

/// Reads the Authorization value from the environment variable that an option names.
pub(crate) fn authorization(option: &str, variable: &str) -> Result<SecretString, Error> {
    let what = "the whole value of the Authorization header";
    let value = value(option, variable, what)?;
    let checked = check_authorization(value.expose_secret());
    checked.map_err(|error| refused(option, variable, error))?;
    Ok(value)
}

/// Reads a signing key from the environment variable that an option names.
pub(crate) fn signing_key(option: &str, variable: &str) -> Result<SigningKey, Error> {
    let value = value(option, variable, "the key (whsk_…)")?;
    SigningKey::read(value.expose_secret()).map_err(|_| {
        Error::Usage(format!(
            "{option} {variable}: the value in {variable} is not \"whsk_\" followed by an Ed25519 key in base64"
        ))
    })
}

/// Reads an API key from the environment variable that an option names.
pub(crate) fn api_key(option: &str, variable: &str) -> Result<SecretString, Error> {
    value(option, variable, "the key")
}

fn value(option: &str, variable: &str, what: &str) -> Result<SecretString, Error> {
    match env::var(variable) {
        Ok(value) => Ok(value.into()),
        Err(VarError::NotUnicode(_)) => {
            Err(refused(option, variable, AuthorizationError::NotAscii))
        }
        // What was given may be the value itself, so it must not be shown.
        Err(VarError::NotPresent) if !is_name(variable) => Err(Error::Usage(format!(
            "{option}: give the name of an environment variable that contains the value, not the value itself"
        ))),
        Err(VarError::NotPresent) => Err(Error::Usage(format!(
            "{option} {variable}: the environment variable {variable} is not set: put {what} into it"
        ))),
    }
}

/// The same for the authorizer; also refuses a value that the authorizer would never accept.
pub(crate) fn accepted_token(option: &str, variable: &str) -> Result<SecretString, Error> {
    let value = authorization(option, variable)?;
    if value.expose_secret().len() > MAX_VALUE {
        return Err(Error::Usage(format!(
            "{option} {variable}: the value in {variable} has more than {MAX_VALUE} bytes, which the authorizer never accepts"
        )));
    }
    Ok(value)
}

/// Reads the signing secrets that `receive` accepts; none when the variable is not set.
pub(crate) fn accepted_signatures() -> Result<Secrets, Error> {
    let refused = |what: &dyn std::fmt::Display| {
        Error::Usage(format!(
            "the environment variable {SIGNING_SECRETS}: {what}"
        ))
    };
    match env::var(SIGNING_SECRETS) {
        Err(VarError::NotPresent) => Ok(Secrets::default()),
        Err(VarError::NotUnicode(_)) => Err(refused(&"it has a character that is not ASCII")),
        Ok(list) if list.is_empty() => Err(refused(
            &"it is empty: put whsec_ secrets into it, or unset it to take calls without a signature",
        )),
        Ok(list) => Secrets::parse(&list).map_err(|error| refused(&error)),
    }
}

fn refused(option: &str, variable: &str, error: AuthorizationError) -> Error {
    Error::Usage(format!(
        "{option} {variable}: the value in {variable} {error}"
    ))
}

fn is_name(variable: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    variable.bytes().all(is_part) && !variable.starts_with(|first: char| first.is_ascii_digit())
}
