use std::fmt;

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::SecretError;

/// The prefix of a private key, by Standard Webhooks ("Signature scheme").
pub(super) const PRIVATE: &str = "whsk_";

/// The prefix of a public key.
const PUBLIC: &str = "whpk_";

/// The length of an Ed25519 key's seed, in bytes.
const SEED: usize = 32;

/// An Ed25519 key, with which calls are signed so that receivers can check them without knowing a secret.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// A new key, and the `whsk_` text from which [`read`](Self::read) makes it again.
    ///
    /// # Errors
    /// [`SecretError`] when the system gives no randomness.
    pub fn generate() -> Result<(Self, SecretString), SecretError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| SecretError)?;
        let seed = pair.seed().map_err(|_| SecretError)?;
        let bytes = seed.as_be_bytes().map_err(|_| SecretError)?;
        let text = format!("{PRIVATE}{}", STANDARD.encode(bytes.as_ref()));
        Ok((Self { pair }, text.into()))
    }

    /// Reads `whsk_` followed by base64, either of the 32 bytes of the seed or of 64 bytes: the seed and its public
    /// key, as other libraries write it.
    ///
    /// # Errors
    /// [`SecretError`] when it is anything else, or the public key belongs to another seed.
    pub fn read(text: &str) -> Result<Self, SecretError> {
        let encoded = text.strip_prefix(PRIVATE).ok_or(SecretError)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| SecretError)?;
        let pair = match bytes.split_at_checked(SEED) {
            Some((seed, [])) => Ed25519KeyPair::from_seed_unchecked(seed),
            Some((seed, public)) => Ed25519KeyPair::from_seed_and_public_key(seed, public),
            None => return Err(SecretError),
        };
        let pair = pair.map_err(|_| SecretError)?;
        Ok(Self { pair })
    }

    /// The public key for receivers: `whpk_` and base64.
    #[must_use]
    pub fn public(&self) -> String {
        format!("{PUBLIC}{}", STANDARD.encode(self.pair.public_key()))
    }

    /// One signature as it stands in `webhook-signature`.
    pub(super) fn sign(&self, message: &[u8]) -> String {
        let signature = self.pair.sign(message);
        format!("v1a,{}", STANDARD.encode(signature))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use secrecy::ExposeSecret;

    use super::SigningKey;

    /// RFC 8032, 7.1, test 2.
    const SEED: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
    const PUBLIC: &str = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
    const SIGNATURE: &str = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
                             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";

    fn bytes(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    fn text(parts: &[&str]) -> String {
        let bytes: Vec<u8> = parts.iter().flat_map(|hex| bytes(hex)).collect();
        format!("whsk_{}", STANDARD.encode(bytes))
    }

    #[test]
    fn the_rfc_s_own_example_in_both_lengths() {
        for parts in [&[SEED][..], &[SEED, PUBLIC]] {
            let key = SigningKey::read(&text(parts)).unwrap();
            let public = format!("whpk_{}", STANDARD.encode(bytes(PUBLIC)));
            assert_eq!(key.public(), public);
            let signature = format!("v1a,{}", STANDARD.encode(bytes(SIGNATURE)));
            assert_eq!(key.sign(&[0x72]), signature);
        }
    }

    #[test]
    fn a_new_key_can_be_read_again() {
        let (key, text) = SigningKey::generate().unwrap();
        let again = SigningKey::read(text.expose_secret()).unwrap();
        assert_eq!(again.public(), key.public());
        assert!(!format!("{key:?}").contains(&text.expose_secret()[5..]));
    }

    #[test]
    fn other_text_is_no_key() {
        let other = "00".repeat(32);
        for bad in [
            String::new(),
            "whsk_".to_owned(),
            "whsk_planted!".to_owned(),
            text(&["00"]),
            text(&[SEED, "00"]),
            text(&[SEED, &other]),
            text(&[SEED]).replace("whsk_", "whsec_"),
        ] {
            let error = SigningKey::read(&bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("planted"));
        }
    }
}
