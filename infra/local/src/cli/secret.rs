//! Reads secrets from the environment, and checks them before anything is sent or stored. No message ever
//! shows a value.

use std::env::{self, VarError};

use authorizer::MAX_VALUE;
use receiver::Secrets;
use secrecy::{ExposeSecret, SecretString};
use workflow::{AuthorizationError, check_authorization};

use crate::error::Error;

/// The variable with the signing secrets that `receive` accepts.
const SIGNING_SECRETS: &str = "SIGNING_SECRETS";

/// Reads the Authorization value from the environment variable that an option names.
pub(crate) fn authorization(option: &str, variable: &str) -> Result<SecretString, Error> {
    let value = match env::var(variable) {
        Ok(value) => value,
        Err(VarError::NotUnicode(_)) => {
            return Err(refused(option, variable, AuthorizationError::NotAscii));
        }
        // What was given may be the value itself, so it must not be shown.
        Err(VarError::NotPresent) if !is_name(variable) => {
            return Err(Error::Usage(format!(
                "{option}: give the name of an environment variable that contains the value, not the value itself"
            )));
        }
        Err(VarError::NotPresent) => {
            return Err(Error::Usage(format!(
                "{option} {variable}: the environment variable {variable} is not set: put the whole value of the Authorization header into it"
            )));
        }
    };
    check_authorization(&value).map_err(|error| refused(option, variable, error))?;
    Ok(value.into())
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
