use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The longest Authorization value that is checked, in bytes: 8 KiB, as much as most servers accept.
pub const MAX_VALUE: usize = 8 * 1024;

/// The accepted Authorization values, as SHA-256 hashes of the whole value.
///
/// Several can be accepted at once, so that a token can be rotated; without any, every call is denied. A hash
/// only protects a value that cannot be guessed, so use random tokens of at least 128 bits.
#[derive(Clone, Default)]
pub struct Tokens {
    accepted: Vec<[u8; 32]>,
}

/// The configured hashes cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {0} is not a SHA-256 hash: each must be 64 hexadecimal digits, separated by commas")]
pub struct TokensError(usize);

/// Why a call is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenyReason {
    /// No token is configured.
    NothingConfigured,
    /// The event has no Authorization header.
    Missing,
    /// It has several, and it is not certain which of them the receiver would read.
    Several,
    /// It is empty, too long, or not visible ASCII.
    Malformed,
    /// It is not one of the accepted values.
    Wrong,
    /// The event is not what API Gateway sends.
    UnknownEvent,
}

impl DenyReason {
    /// The stable machine code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NothingConfigured => "nothing_configured",
            Self::Missing => "missing",
            Self::Several => "several",
            Self::Malformed => "malformed",
            Self::Wrong => "wrong",
            Self::UnknownEvent => "unknown_event",
        }
    }
}

/// The decision about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The caller knows an accepted value.
    Allow,
    /// Everything else.
    Deny(DenyReason),
}

impl Tokens {
    /// Reads a list of hexadecimal SHA-256 hashes, separated by commas or white space.
    ///
    /// # Errors
    /// [`TokensError`] with the entry's number, from 1. Never the entry.
    pub fn parse(list: &str) -> Result<Self, TokensError> {
        let entries = list
            .split(|c: char| c == ',' || c.is_ascii_whitespace())
            .filter(|entry| !entry.is_empty());
        let accepted = entries
            .enumerate()
            .map(|(index, entry)| hash_from_hex(entry).ok_or(TokensError(index + 1)))
            .collect::<Result<_, _>>()?;
        Ok(Self { accepted })
    }

    /// Hashes the values themselves, for a receiver that knows them. Empty values are left out.
    pub fn from_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let accepted = values
            .into_iter()
            .filter(|value| !value.is_empty())
            .map(|value| Sha256::digest(value.as_bytes()).into())
            .collect();
        Self { accepted }
    }

    /// Whether no value is accepted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.accepted.is_empty()
    }

    /// Checks the Authorization values of a request. All hashes are compared, in constant time.
    pub fn check<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Decision {
        if self.is_empty() {
            return Decision::Deny(DenyReason::NothingConfigured);
        }
        let mut values = values.into_iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Decision::Deny(DenyReason::Missing),
            (Some(_), Some(_)) => return Decision::Deny(DenyReason::Several),
            (Some(value), None) => value,
        };
        let visible = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if value.is_empty() || value.len() > MAX_VALUE || !visible {
            return Decision::Deny(DenyReason::Malformed);
        }
        let hash: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        let mut found = Choice::from(0);
        for accepted in &self.accepted {
            found |= accepted.ct_eq(&hash);
        }
        if bool::from(found) {
            Decision::Allow
        } else {
            Decision::Deny(DenyReason::Wrong)
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("accepted", &self.accepted.len())
            .finish()
    }
}

fn hash_from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
        *byte = u8::try_from(high? * 16 + low?).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(value: &str) -> String {
        use std::fmt::Write;
        Sha256::digest(value.as_bytes())
            .iter()
            .fold(String::new(), |mut text, byte| {
                let _ = write!(text, "{byte:02x}");
                text
            })
    }

    #[test]
    fn every_accepted_value_is_allowed_while_tokens_rotate() {
        let list = format!("{},\r\n{}\n", hex("Bearer old"), hex("Basic bmV3OnB3"));
        let tokens = Tokens::parse(&list).expect("hashes");
        assert_eq!(tokens.check(["Bearer old"]), Decision::Allow);
        assert_eq!(tokens.check(["Basic bmV3OnB3"]), Decision::Allow);
        assert_eq!(
            tokens.check(["Bearer older"]),
            Decision::Deny(DenyReason::Wrong)
        );
    }

    #[test]
    fn any_doubt_is_denied() {
        let tokens = Tokens::from_values(["Bearer token"]);
        let deny = |reason| Decision::Deny(reason);
        assert_eq!(tokens.check([]), deny(DenyReason::Missing));
        assert_eq!(
            tokens.check(["Bearer token", "Bearer token"]),
            deny(DenyReason::Several)
        );
        assert_eq!(tokens.check(["Basic token"]), deny(DenyReason::Wrong));
        assert_eq!(tokens.check(["bearer token"]), deny(DenyReason::Wrong));
        assert_eq!(tokens.check(["token"]), deny(DenyReason::Wrong));
        assert_eq!(tokens.check([""]), deny(DenyReason::Malformed));
        assert_eq!(tokens.check(["Bearer tökén"]), deny(DenyReason::Malformed));
        assert_eq!(
            tokens.check([" ".repeat(MAX_VALUE + 1).as_str()]),
            deny(DenyReason::Malformed)
        );
        assert_eq!(
            Tokens::default().check(["x"]),
            deny(DenyReason::NothingConfigured)
        );
        assert_eq!(
            Tokens::from_values([""]).check([""]),
            deny(DenyReason::NothingConfigured)
        );
    }

    #[test]
    fn a_list_that_cannot_be_read_is_an_error_without_its_content() {
        let error = Tokens::parse(&format!("{},not-a-hash", hex("a"))).expect_err("no hash");
        assert_eq!(error, TokensError(2));
        assert!(!error.to_string().contains("not-a-hash"));
        assert_eq!(
            Tokens::parse("é".repeat(32).as_str()).err(),
            Some(TokensError(1))
        );
        assert!(Tokens::parse(" , ").is_ok_and(|tokens| tokens.is_empty()));
    }
}
