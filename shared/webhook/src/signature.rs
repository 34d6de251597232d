use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

/// A signing secret that cannot be used. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is not \"whsec_\" and base64, as Standard Webhooks has them")]
pub struct SecretError;

/// Signs a body by Standard Webhooks `v1`: HMAC-SHA256 over `id.timestamp.body`, once for each
/// secret, so that receivers can be moved from one secret to the next.
#[derive(Clone)]
pub struct Signer {
    macs: Vec<Hmac<Sha256>>,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("secrets", &self.macs.len())
            .finish()
    }
}

impl Signer {
    /// Starts the signatures of one call.
    ///
    /// # Errors
    /// [`SecretError`] when a secret cannot be used.
    pub fn new(secrets: &[SecretString], id: Uuid, timestamp: i64) -> Result<Self, SecretError> {
        let prefix = format!("{id}.{timestamp}.");
        let macs = secrets
            .iter()
            .map(|secret| {
                let encoded = secret
                    .expose_secret()
                    .strip_prefix("whsec_")
                    .ok_or(SecretError)?;
                let key = STANDARD.decode(encoded).map_err(|_| SecretError)?;
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError)?;
                mac.update(prefix.as_bytes());
                Ok(mac)
            })
            .collect::<Result<_, SecretError>>()?;
        Ok(Self { macs })
    }

    /// Takes in the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        for mac in &mut self.macs {
            mac.update(part);
        }
    }

    /// The `webhook-signature` value: one signature a secret, separated by spaces. None without secrets.
    #[must_use]
    pub fn finish(self) -> Option<String> {
        let signatures: Vec<String> = self
            .macs
            .into_iter()
            .map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
            .collect();
        (!signatures.is_empty()).then(|| signatures.join(" "))
    }
}
