use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use delivery::Reason;
use reqwest::Client;
use rustls::{ClientConfig, RootCertStore};
use secrecy::ExposeSecret;
use workflow::StageSecrets;

use crate::connections::Connections;
use crate::failed::Denied;
use crate::fingerprint::Fingerprint;
use crate::tls;

/// The most client certificates whose connections are kept. Each has pools of its own, so that no call can use a
/// connection that was opened with the certificate of another stage.
const MOST: usize = 16;

/// Builds a client that keeps idle connections for this time.
pub(crate) type Build =
    Arc<dyn Fn(Duration, ClientConfig) -> Result<Client, reqwest::Error> + Send + Sync>;

/// The connections of stages that show a client certificate. Nothing is built until a stage does.
#[derive(Clone)]
pub(crate) struct Certificates {
    build: Build,
    roots: Arc<RootCertStore>,
    /// The one that was used last comes last.
    known: Arc<Mutex<Vec<(Fingerprint, Connections)>>>,
}

/// A certificate and its key cannot be used. The message shows nothing of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// One of them is not stored.
    #[error("the stage's client certificate or its key is not stored")]
    Missing,
    /// Not PEM, or without a certificate or a key in it.
    #[error(
        "the stage's client certificate and key cannot be read: they must be PEM, and the key PKCS #8, PKCS #1 or SEC 1 without a password"
    )]
    Unreadable,
    /// The key is of a kind that TLS does not know here, or belongs to another certificate.
    #[error("the stage's client certificate cannot be used with its key: do they belong together?")]
    Mismatch,
}

impl CertificateError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "client_certificate_missing",
            Self::Unreadable => "client_certificate_unreadable",
            Self::Mismatch => "client_certificate_mismatch",
        }
    }
}

impl From<CertificateError> for Denied {
    fn from(error: CertificateError) -> Self {
        Self::new(Reason::SecretMissing, error.to_string())
    }
}

impl Certificates {
    pub(crate) fn new(build: Build, roots: Arc<RootCertStore>) -> Self {
        Self {
            build,
            roots,
            known: Arc::default(),
        }
    }

    /// The connections with the certificate of these secrets.
    ///
    /// # Errors
    /// [`CertificateError`] when it cannot be used.
    pub(crate) fn connections(
        &self,
        secrets: &StageSecrets,
    ) -> Result<Connections, CertificateError> {
        let (certificate, key) = pair(secrets)?;
        let fingerprint = Fingerprint::of([certificate.as_bytes(), key.as_bytes()]);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match known.iter().position(|(other, _)| *other == fingerprint) {
            Some(place) => known.remove(place).1,
            None => {
                let tls = showing(Arc::clone(&self.roots), certificate, key)?;
                Connections::new(|idle| (self.build)(idle, tls.clone()))
                    .map_err(|_| CertificateError::Mismatch)?
            }
        };
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((fingerprint, found.clone()));
        Ok(found)
    }
}

fn pair(secrets: &StageSecrets) -> Result<(&str, &str), CertificateError> {
    let pair = secrets
        .client_certificate
        .as_ref()
        .zip(secrets.client_key.as_ref());
    let (certificate, key) = pair.ok_or(CertificateError::Missing)?;
    Ok((certificate.expose_secret(), key.expose_secret()))
}

/// TLS with this certificate.
fn showing(
    roots: Arc<RootCertStore>,
    certificate: &str,
    key: &str,
) -> Result<ClientConfig, CertificateError> {
    let pem = format!("{certificate}\n{key}\n");
    let identity = tls::Identity::from_pem(pem.as_bytes()).ok_or(CertificateError::Unreadable)?;
    tls::config(roots, Some(identity)).map_err(|_| CertificateError::Mismatch)
}

/// Checks that a stage's client certificate and key can be used, as far as that can be told without a call.
///
/// # Errors
/// [`CertificateError`].
pub fn check_client_certificate(secrets: &StageSecrets) -> Result<(), CertificateError> {
    let (certificate, key) = pair(secrets)?;
    showing(Arc::new(RootCertStore::empty()), certificate, key).map(drop)
}
