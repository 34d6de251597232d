use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use uuid::Uuid;

/// A signing secret cannot be used. The message never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is not \"whsec_\" followed by base64, as Standard Webhooks requires")]
pub struct SecretError;

/// Signs a body by Standard Webhooks `v1`: HMAC-SHA256 over `id.timestamp.body`, once for each secret, so that
/// secrets can be rotated.
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
                if key.is_empty() {
                    return Err(SecretError);
                }
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SecretError)?;
                mac.update(prefix.as_bytes());
                Ok(mac)
            })
            .collect::<Result<_, SecretError>>()?;
        Ok(Self { macs })
    }

    /// Whether there are secrets to sign with.
    pub(crate) fn signs(&self) -> bool {
        !self.macs.is_empty()
    }

    /// Adds the next part of the body.
    pub fn update(&mut self, part: &[u8]) {
        for mac in &mut self.macs {
            mac.update(part);
        }
    }

    /// The value of `webhook-signature`: one signature per secret, separated by spaces. None without secrets.
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use http::HeaderMap;
    use proptest::prelude::*;
    use secrecy::SecretString;
    use standardwebhooks::Webhook;
    use uuid::Uuid;

    use super::{SecretError, Signer};

    fn secret(key: &[u8]) -> String {
        format!("whsec_{}", STANDARD.encode(key))
    }

    fn sign(secrets: &[&str], id: Uuid, timestamp: i64, parts: &[&[u8]]) -> Option<String> {
        let secrets: Vec<SecretString> = secrets.iter().map(|secret| (*secret).into()).collect();
        let mut signer = Signer::new(&secrets, id, timestamp).unwrap();
        for part in parts {
            signer.update(part);
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
        signer.update(body);
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
        ] {
            let error = Signer::new(&[bad.into()], Uuid::nil(), 0).unwrap_err();
            assert_eq!(error, SecretError);
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
}
