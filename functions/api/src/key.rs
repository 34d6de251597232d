//! API keys in V7's form: `<7 characters>.<32 characters>`.

use delivery::Timestamp;
use delivery::ports::{ApiKeys, PortError, PortErrorKind, StoredKey};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use workflow::Role;

use crate::principal::Principal;

const PREFIX: usize = 7;
const SECRET: usize = 32;

/// Each is one of 62, so a key's second part has 190 bits.
const CHARACTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Whom a new key stands for.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The team that it may be used for.
    pub team: String,
    /// V7's id of the user.
    pub user_id: u64,
    /// Their role in the team.
    pub role: Role,
    /// What the key is for.
    pub name: String,
}

/// Makes a key and stores its digest. The key itself is returned here and never again.
///
/// # Errors
/// [`PortError`] when it cannot be stored.
pub async fn create_key(
    keys: &impl ApiKeys,
    new: NewKey,
    now: Timestamp,
) -> Result<SecretString, PortError> {
    loop {
        let prefix = characters(PREFIX)?;
        let key = format!("{prefix}.{}", characters(SECRET)?);
        let stored = StoredKey {
            digest: digest(&key),
            prefix,
            team: new.team.clone(),
            user_id: new.user_id,
            role: new.role,
            name: new.name.clone(),
            created_at: now,
        };
        if keys.put_key(&stored).await? {
            return Ok(key.into());
        }
    }
}

/// Whom a key stands for; none if there is no such key.
///
/// A key whose first part is unknown is compared all the same, so that the time taken does not tell whether it is known.
pub(crate) async fn resolve(
    keys: &impl ApiKeys,
    key: &str,
) -> Result<Option<Principal>, PortError> {
    let Some((prefix, secret)) = key.split_once('.') else {
        return Ok(None);
    };
    let is_of = |text: &str, length| {
        text.len() == length
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_of(prefix, PREFIX) || !is_of(secret, SECRET) {
        return Ok(None);
    }
    let stored = keys.key(prefix).await?;
    let expected = stored.as_ref().map(|stored| stored.digest.clone());
    let expected = expected.unwrap_or_else(|| "0".repeat(64));
    let is_equal: bool = expected.as_bytes().ct_eq(digest(key).as_bytes()).into();
    Ok(stored.filter(|_| is_equal).map(|stored| Principal {
        team: stored.team,
        user_id: stored.user_id,
        role: stored.role,
    }))
}

fn digest(key: &str) -> String {
    let digest = Sha256::digest(key.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn characters(count: usize) -> Result<String, PortError> {
    let mut text = String::with_capacity(count);
    let mut bytes = [0_u8; 64];
    while text.len() < count {
        getrandom::fill(&mut bytes).map_err(|error| {
            PortError::caused(PortErrorKind::Unavailable, "make a key", error.to_string())
        })?;
        // Numbers that would make some characters more likely are left out.
        let usable = bytes.iter().filter(|byte| **byte < 248);
        let usable = usable.map(|byte| CHARACTERS[usize::from(*byte) % CHARACTERS.len()]);
        text.extend(usable.take(count - text.len()).map(char::from));
    }
    Ok(text)
}
