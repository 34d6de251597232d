use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::event::Request;

/// How far a call's timestamp may be from now, in seconds: Standard Webhooks' 5 minutes.
const TOLERANCE: u64 = 300;

/// The allowed lengths of a secret in bytes, by Standard Webhooks.
const LENGTHS: RangeInclusive<usize> = 24..=64;

/// The signing secrets that are accepted.
#[derive(Clone, Default)]
pub struct Secrets {
    keys: Vec<Vec<u8>>,
}

/// A signing secret cannot be used. Never shows it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The secret of this number, from 1.
    #[error("signing secret {0} is not \"whsec_\" and 24 to 64 bytes in base64")]
    Wrong(usize),
    /// The list is not empty but contains only separators, so that signatures would not be checked.
    #[error("it has no signing secret, only separators")]
    Nothing,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not signed.
    #[error("webhook-id, webhook-timestamp or webhook-signature is missing")]
    Missing,
    /// It is too old, or from the future: it may be a replay.
    #[error("webhook-timestamp is more than 5 minutes from now")]
    Timestamp,
    /// None of its signatures was made with an accepted secret.
    #[error("webhook-signature does not match")]
    Mismatch,
}

impl SignatureError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "signature_missing",
            Self::Timestamp => "signature_timestamp",
            Self::Mismatch => "signature_mismatch",
        }
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("keys", &self.keys.len())
            .finish()
    }
}

impl Secrets {
    /// Reads a list of `whsec_…` secrets, separated by commas or white space. An empty text is an empty list.
    ///
    /// # Errors
    /// [`SecretError`], without the secret.
    pub fn parse(list: &str) -> Result<Self, SecretError> {
        let entries = list
            .split(|c: char| c == ',' || c.is_ascii_whitespace())
            .filter(|entry| !entry.is_empty());
        let keys: Vec<_> = entries
            .enumerate()
            .map(|(index, entry)| {
                let key = entry
                    .strip_prefix("whsec_")
                    .and_then(|text| STANDARD.decode(text).ok());
                key.filter(|key| LENGTHS.contains(&key.len()))
                    .ok_or(SecretError::Wrong(index + 1))
            })
            .collect::<Result<_, _>>()?;
        if keys.is_empty() && !list.is_empty() {
            return Err(SecretError::Nothing);
        }
        Ok(Self { keys })
    }

    pub(crate) fn check(&self, request: &Request<'_>, now: u64) -> Result<(), SignatureError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let header = |name| request.header(name).ok_or(SignatureError::Missing);
        let (id, timestamp) = (header("webhook-id")?, header("webhook-timestamp")?);
        let signatures = header("webhook-signature")?;
        let sent: u64 = timestamp.parse().map_err(|_| SignatureError::Timestamp)?;
        if sent.abs_diff(now) > TOLERANCE {
            return Err(SignatureError::Timestamp);
        }
        let signatures: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|entry| STANDARD.decode(entry.strip_prefix("v1,")?).ok())
            .collect();
        for key in &self.keys {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
                continue;
            };
            mac.update(format!("{id}.{timestamp}.").as_bytes());
            mac.update(&request.body);
            // `verify_slice` compares in constant time.
            if signatures
                .iter()
                .any(|signature| mac.clone().verify_slice(signature).is_ok())
            {
                return Ok(());
            }
        }
        Err(SignatureError::Mismatch)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use standardwebhooks::Webhook;

    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const NOW: u64 = 1_790_000_000;
    const BODY: &str = r#"{"item":{}}"#;

    fn checked(accepted: &str, signed_with: &str, sent: u64) -> Result<(), SignatureError> {
        let webhook = Webhook::new(signed_with).expect("a secret");
        let sent_signed = i64::try_from(sent).expect("a time");
        let signature = webhook
            .sign("msg_1", sent_signed, BODY.as_bytes())
            .expect("a signature");
        let event = json!({"body": BODY, "headers": {
            "webhook-id": "msg_1", "webhook-timestamp": sent.to_string(),
            "webhook-signature": format!("v1a,other v1,AAAA {signature}"),
        }});
        let request = Request::read(&event).expect("a request");
        Secrets::parse(accepted)
            .expect("secrets")
            .check(&request, NOW)
    }

    #[test]
    fn what_the_public_crate_signs_is_accepted() {
        assert_eq!(checked(SECRET, SECRET, NOW), Ok(()));
        assert_eq!(
            checked(&format!("{OTHER},{SECRET}"), SECRET, NOW - 299),
            Ok(())
        );
        assert_eq!(checked("", OTHER, 0), Ok(()));
    }

    #[test]
    fn wrong_secrets_and_old_calls_are_refused() {
        assert_eq!(checked(SECRET, OTHER, NOW), Err(SignatureError::Mismatch));
        assert_eq!(
            checked(SECRET, SECRET, NOW - 301),
            Err(SignatureError::Timestamp)
        );
        assert_eq!(
            checked(SECRET, SECRET, NOW + 301),
            Err(SignatureError::Timestamp)
        );
        let event = json!({"body": BODY, "headers": {}});
        let request = Request::read(&event).expect("a request");
        let secrets = Secrets::parse(SECRET).expect("secrets");
        assert_eq!(secrets.check(&request, NOW), Err(SignatureError::Missing));
    }

    #[test]
    fn secrets_are_never_shown() {
        for wrong in [
            "whsec_!!",
            "whsec_",
            "whsec_c2hvcnQ=",
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        ] {
            let list = format!("{SECRET}\r\n{wrong}\n");
            assert_eq!(
                Secrets::parse(&list).err(),
                Some(SecretError::Wrong(2)),
                "{wrong}"
            );
        }
        for nothing in [" ", ",", "\n"] {
            assert_eq!(Secrets::parse(nothing).err(), Some(SecretError::Nothing));
        }
        assert!(!format!("{:?}", Secrets::parse(SECRET).expect("secrets")).contains("MfKQ"));
    }
}
