//! What the commands read: a state directory's engine, or a deployment's table.

use std::future::Future;

use delivery::FileKey;
use delivery::ports::{FileStates, Lists, PortError};
use embedded::Engine;

/// Records, lists, and names for people.
pub(crate) trait Store: FileStates + Lists {
    /// What to call a file: its item's name where that is known, or its id.
    fn name(&self, key: &FileKey) -> impl Future<Output = Result<String, PortError>> + Send;
}

impl Store for Engine {
    async fn name(&self, key: &FileKey) -> Result<String, PortError> {
        let item = self.item(key).await?;
        Ok(item.map_or_else(|| key.item_id.to_string(), |item| item.name))
    }
}

#[cfg(feature = "aws")]
impl Store for aws::Table {
    async fn name(&self, key: &FileKey) -> Result<String, PortError> {
        Ok(key.item_id.to_string())
    }
}
