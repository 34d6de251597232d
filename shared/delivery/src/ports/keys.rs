use std::fmt;
use std::future::Future;

use serde::{Deserialize, Serialize};
use workflow::Role;

use super::PortError;
use crate::format::Formatted;
use crate::time::Timestamp;

/// An API key as it is stored: who it stands for, and a digest of the key instead of the key itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredKey {
    /// The first part of the key, which is no secret: 7 characters.
    pub prefix: String,
    /// The SHA-256 digest of the whole key, in hexadecimal digits.
    pub digest: String,
    /// The team that it may be used for.
    pub team: String,
    /// Whom it stands for: V7's user id.
    pub user_id: u64,
    /// Their role.
    pub role: Role,
    /// What it is for, in the words of whoever made it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("prefix", &self.prefix)
            .field("team", &self.team)
            .field("user_id", &self.user_id)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl Formatted for StoredKey {
    const WHAT: &'static str = "API key";
    const FORMAT: u64 = 1;
}

/// The keys of an API.
pub trait ApiKeys: Send + Sync {
    /// The key with this prefix.
    fn key(
        &self,
        prefix: &str,
    ) -> impl Future<Output = Result<Option<StoredKey>, PortError>> + Send;

    /// Stores a new key, and returns whether its prefix was free; a key is never replaced.
    fn put_key(&self, key: &StoredKey) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// All keys, in the order in which they were made.
    fn keys(&self) -> impl Future<Output = Result<Vec<StoredKey>, PortError>> + Send;

    /// Removes a key, and returns whether there was one. It takes effect at once.
    fn remove_key(&self, prefix: &str) -> impl Future<Output = Result<bool, PortError>> + Send;
}
