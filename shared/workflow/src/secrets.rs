use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// A reference to where a stage's secrets are stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretRef(pub String);

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text cannot be the value of an `Authorization` header. No message shows the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizationError {
    /// It is empty, or only blanks.
    #[error("is empty")]
    Empty,
    /// It has a line break, often the one at the end of the file that it was read from.
    #[error("has a line break in it or at its end: give the value alone, on one line")]
    LineBreak,
    /// It has a control character, such as a tab, NUL or escape.
    #[error("has a control character in it: use visible ASCII on one line")]
    Control,
    /// It has a character outside ASCII, such as an accented letter, a typographic quote or an invisible mark.
    #[error("has a character in it that is not ASCII: use visible ASCII on one line")]
    NotAscii,
    /// It begins or ends with a blank, which receivers remove.
    #[error("begins or ends with a blank: remove it")]
    Blank,
}

/// Checks that a text can be sent as the value of an `Authorization` header and arrives unchanged: visible
/// ASCII on one line, without a blank at either end (RFC 9110, 5.5).
///
/// # Errors
/// What is wrong with it.
pub fn check_authorization(value: &str) -> Result<(), AuthorizationError> {
    if value.trim_matches(' ').is_empty() {
        return Err(AuthorizationError::Empty);
    }
    if value.contains(['\n', '\r']) {
        return Err(AuthorizationError::LineBreak);
    }
    if value.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(AuthorizationError::Control);
    }
    if !value.is_ascii() {
        return Err(AuthorizationError::NotAscii);
    }
    if value.starts_with(' ') || value.ends_with(' ') {
        return Err(AuthorizationError::Blank);
    }
    Ok(())
}

/// A stage's secrets. The type does not implement `Serialize`, and `Debug` shows only which secrets there are.
#[derive(Clone, Default)]
pub struct StageSecrets {
    /// The whole value of the `Authorization` header.
    pub authorization: Option<SecretString>,
    /// Standard Webhooks signing secrets (`whsec_…`) and private keys (`whsk_…`); several during a rotation.
    pub signing_secrets: Vec<SecretString>,
    /// The values of the stage's own headers that are secret, by name in lower case.
    pub headers: BTreeMap<String, SecretString>,
    /// The secret of its OAuth 2.0 client.
    pub client_secret: Option<SecretString>,
    /// The certificate, with any intermediate ones, that the stage shows to its receiver, in PEM.
    pub client_certificate: Option<SecretString>,
    /// That certificate's private key, in PEM.
    pub client_key: Option<SecretString>,
}

/// The stored secrets cannot be read. The message does not show them.
#[derive(Debug, thiserror::Error)]
#[error(
    "the stage's stored secrets are not the JSON object expected: {{\"authorization\": …, \"signing_secrets\": […]}}"
)]
pub struct SecretsError;

#[derive(Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Stored<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    authorization: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    signing_secrets: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    headers: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_certificate: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_key: Option<Cow<'a, str>>,
}

impl StageSecrets {
    /// Whether there are no secrets.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stored() == Stored::default()
    }

    fn stored(&self) -> Stored<'_> {
        fn one(secret: Option<&SecretString>) -> Option<Cow<'_, str>> {
            secret.map(|value| value.expose_secret().into())
        }
        Stored {
            authorization: one(self.authorization.as_ref()),
            signing_secrets: self
                .signing_secrets
                .iter()
                .map(|value| value.expose_secret().into())
                .collect(),
            headers: self
                .headers
                .iter()
                .map(|(name, value)| (name.into(), value.expose_secret().into()))
                .collect(),
            client_secret: one(self.client_secret.as_ref()),
            client_certificate: one(self.client_certificate.as_ref()),
            client_key: one(self.client_key.as_ref()),
        }
    }

    /// The form in which they are stored in a secret store.
    #[must_use]
    pub fn to_json(&self) -> SecretString {
        serde_json::to_string(&self.stored())
            .unwrap_or_default()
            .into()
    }

    /// Reads the form in which they are stored in a secret store.
    ///
    /// # Errors
    /// [`SecretsError`] when it is not that JSON object.
    pub fn from_json(json: &str) -> Result<Self, SecretsError> {
        let stored: Stored<'_> = serde_json::from_str(json).map_err(|_| SecretsError)?;
        let one = |value: Option<Cow<'_, str>>| value.map(|value| value.into_owned().into());
        Ok(Self {
            authorization: one(stored.authorization),
            signing_secrets: stored
                .signing_secrets
                .into_iter()
                .map(|value| value.into_owned().into())
                .collect(),
            headers: stored
                .headers
                .into_iter()
                .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
                .collect(),
            client_secret: one(stored.client_secret),
            client_certificate: one(stored.client_certificate),
            client_key: one(stored.client_key),
        })
    }
}

impl fmt::Debug for StageSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageSecrets")
            .field(
                "authorization",
                &self.authorization.as_ref().map(|_| "[redacted]"),
            )
            .field("signing_secrets", &self.signing_secrets.len())
            .field("headers", &self.headers.len())
            .field("has_client_secret", &self.client_secret.is_some())
            .field("has_client_key", &self.client_key.is_some())
            .finish()
    }
}

impl PartialEq for StageSecrets {
    fn eq(&self, other: &Self) -> bool {
        self.stored() == other.stored()
    }
}
