mod key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

pub use key::SigningKey;

/// The most that is held in memory of a body for an Ed25519 signature: 32 MiB. Ed25519 goes over its message twice, so
/// it cannot be computed in passing.
pub(crate) const MOST_IN_MEMORY: usize = 32 * 1024 * 1024;

/// A signing secret cannot be used. The message never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signing secret is neither \"whsec_\" nor \"whsk_\" followed by a key in base64, as Standard Webhooks requires"
)]
pub struct SecretError;

/// The body is too large for an Ed25519 signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the body has more than {} MiB, which is the most that a whsk_ key signs: use a whsec_ secret",
    MOST_IN_MEMORY / 1024 / 1024
)]
pub struct TooLarge;

/// Signs a body by Standard Webhooks, over `id.timestamp.body` and once for each secret, so that secrets can be
/// rotated: `v1` (HMAC-SHA256) with a `whsec_` secret, and `v1a` (Ed25519) with a `whsk_` key.
pub struct Signer {
    secrets: Vec<Secret>,
    /// What keys sign, which they need whole; none without a key.
    whole: Option<Vec<u8>>,
}

enum Secret {
    Mac(Box<Hmac<Sha256>>),
    Key(SigningKey),
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("secrets", &self.secrets.len())
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
        let secrets = secrets
            .iter()
            .map(|secret| Secret::new(secret.expose_secret(), prefix.as_bytes()))
            .collect::<Result<Vec<Secret>, SecretError>>()?;
        let has_key = secrets
            .iter()
            .any(|secret| matches!(secret, Secret::Key(_)));
        Ok(Self {
            secrets,
            whole: has_key.then(|| prefix.into_bytes()),
        })
    }

    /// Whether there are secrets to sign with.
    pub(crate) fn signs(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether the body is held in memory for a signature.
    pub(crate) fn holds_body(&self) -> bool {
        self.whole.is_some()
    }

    /// Adds the next part of the body.
    ///
    /// # Errors
    /// [`TooLarge`] when there is a `whsk_` key, and the body has more than 32 MiB.
    pub fn update(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        for secret in &mut self.secrets {
            if let Secret::Mac(mac) = secret {
                mac.update(part);
            }
        }
        if let Some(whole) = &mut self.whole {
            if whole.len() + part.len() > MOST_IN_MEMORY {
                return Err(TooLarge);
            }
            whole.extend_from_slice(part);
        }
        Ok(())
    }

    /// The value of `webhook-signature`: one signature per secret, separated by spaces. None without secrets.
    #[must_use]
    pub fn finish(self) -> Option<String> {
        let whole = self.whole.unwrap_or_default();
        let signatures: Vec<String> = self
            .secrets
            .into_iter()
            .map(|secret| match secret {
                Secret::Mac(mac) => {
                    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
                }
                Secret::Key(key) => key.sign(&whole),
            })
            .collect();
        (!signatures.is_empty()).then(|| signatures.join(" "))
    }
}

impl Secret {
    fn new(text: &str, prefix: &[u8]) -> Result<Self, SecretError> {
        if text.starts_with(key::PRIVATE) {
            return SigningKey::read(text).map(Self::Key);
        }
        let encoded = text.strip_prefix("whsec_").ok_or(SecretError)?;
        let key = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        if key.is_empty() {
            return Err(SecretError);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError)?;
        mac.update(prefix);
        Ok(Self::Mac(Box::new(mac)))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::HeaderMap;
    use proptest::prelude::*;
    use secrecy::SecretString;
    use standardwebhooks::Webhook;
    use uuid::Uuid;

    use super::{MOST_IN_MEMORY, SecretError, Signer, SigningKey, TooLarge};

    fn secret(key: &[u8]) -> String {
        format!("whsec_{}", STANDARD.encode(key))
    }

    fn sign(secrets: &[&str], id: Uuid, timestamp: i64, parts: &[&[u8]]) -> Option<String> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        let mut signer = Signer::new(&secrets, id, timestamp).unwrap();
        for part in parts {
            signer.update(part).unwrap();
        }
        signer.finish()
    }

    fn headers(id: Uuid, timestamp: i64, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", id.to_string().parse().unwrap());
        headers.insert("webhook-timestamp", timestamp.to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    fn now() -> i64 {
        delivery::Timestamp::from(std::time::SystemTime::now()).as_secs()
    }

    proptest! {
        #[test]
        fn the_public_library_accepts_it(
            key in prop::collection::vec(any::<u8>(), 24..64),
            // The library takes text only.
            body in "\\PC{0,200}",
            split in any::<prop::sample::Index>(),
        ) {
            let body = body.into_bytes();
            let (id, sent_at) = (Uuid::new_v4(), now());
            let (first, second) = body.split_at(split.index(body.len() + 1));
            let signature = sign(&[&secret(&key)], id, sent_at, &[first, second]).unwrap();
            let headers = headers(id, sent_at, &signature);
            let webhook = Webhook::new(&secret(&key)).unwrap();
            prop_assert!(webhook.verify(&body, &headers).is_ok());
            prop_assert_eq!(
                webhook.sign(&id.to_string(), sent_at, &body).ok(),
                Some(signature)
            );
            let other = Webhook::new(&secret(b"another key of twenty-four")).unwrap();
            prop_assert!(other.verify(&body, &headers).is_err());
            let mut changed = body.clone();
            changed.push(0);
            prop_assert!(webhook.verify(&changed, &headers).is_err());
        }
    }

    #[test]
    fn each_secret_of_a_rotation_is_enough() {
        let (id, sent_at) = (Uuid::new_v4(), now());
        let (old, new) = (secret(&[1; 24]), secret(&[2; 32]));
        let signature = sign(&[&new, &old], id, sent_at, &[b"{}"]).unwrap();
        assert_eq!(signature.split(' ').count(), 2);
        for accepted in [&old, &new] {
            let webhook = Webhook::new(accepted).unwrap();
            webhook
                .verify(b"{}", &headers(id, sent_at, &signature))
                .unwrap();
        }
    }

    #[test]
    fn the_specifications_own_example() {
        // standard-webhooks, spec/standard-webhooks.md: its libraries' shared vector.
        let secrets = [SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let webhook = Webhook::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        let body = br#"{"test": 2432232314}"#;
        assert_eq!(webhook.sign(id, 1_614_265_330, body).unwrap(), expected);
        let id = Uuid::from_u128(7);
        let mut signer = Signer::new(&secrets, id, 1_614_265_330).unwrap();
        signer.update(body).unwrap();
        assert_eq!(
            signer.finish(),
            webhook.sign(&id.to_string(), 1_614_265_330, body).ok()
        );
    }

    #[test]
    fn no_secret_no_signature_and_a_bad_one_is_refused() {
        assert_eq!(sign(&[], Uuid::nil(), 0, &[b"{}"]), None);
        for bad in [
            "",
            "whsec_",
            "whsec_planted!",
            "cGxhbnRlZC1zZWNyZXQtb2YtMjQ=",
            "WHSEC_cGxhbnRlZA==",
            "whsk_cGxhbnRlZA==",
        ] {
            let error = Signer::new(&[bad.into()], Uuid::nil(), 0).unwrap_err();
            assert_eq!(error, SecretError);
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }

    #[test]
    fn each_secret_signs_in_its_own_way() {
        let (key, text) = SigningKey::generate().unwrap();
        let secrets = [text, secret(&[1; 24]).into()];
        let id = Uuid::from_u128(7);
        let mut signer = Signer::new(&secrets, id, 5).unwrap();
        signer.update(b"{\"a\"").unwrap();
        signer.update(b":1}").unwrap();
        let hmac = sign(&[&secret(&[1; 24])], id, 5, &[b"{\"a\":1}"]).unwrap();
        let expected = format!(
            "{} {hmac}",
            key.sign(format!("{id}.5.{{\"a\":1}}").as_bytes())
        );
        assert_eq!(signer.finish(), Some(expected));
    }

    #[test]
    fn a_key_holds_no_more_than_it_may() {
        let (_, text) = SigningKey::generate().unwrap();
        let part = vec![0; MOST_IN_MEMORY / 2];
        let mut signer = Signer::new(&[text], Uuid::nil(), 0).unwrap();
        signer.update(&part).unwrap();
        assert_eq!(signer.update(&part), Err(TooLarge));
        let mut signer = Signer::new(&[secret(&[1; 24]).into()], Uuid::nil(), 0).unwrap();
        for _ in 0..3 {
            signer.update(&part).unwrap();
        }
    }
}
