//! What the commands read from: a state directory's engine, or a deployment's table.

use std::future::Future;

use delivery::FileKey;
use delivery::ports::{FileStates, Lists, PortError};
use embedded::Engine;

/// Records, lists, and names for people.
pub(crate) trait Store: FileStates + Lists {
    /// A file's name for people: its item's name if that is known, or else its id.
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
