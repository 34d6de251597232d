//! The port of registered items.

use std::collections::BTreeMap;

use delivery::ports::{FileStates, Items, Page, PortError};
use delivery::{FileKey, Item, ItemFilter, Listed};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::Registry;
use super::stored::{body, item, key};
use crate::error::port_error;
use crate::table::item::{number, text};

/// Items that are written at the same time.
const WRITES: usize = 32;

impl Items for Registry {
    async fn put_items(&self, items: Vec<Item>) -> Result<(), PortError> {
        stream::iter(items)
            .map(|item| async move { self.register(&item).await })
            .buffer_unordered(WRITES)
            .try_collect()
            .await
    }

    async fn item(&self, of: &FileKey) -> Result<Option<Listed>, PortError> {
        let get = self.client.get_item().table_name(&self.name);
        let get = get.set_key(Some(key(of))).consistent_read(true).send();
        let (found, state) = tokio::join!(get, self.records.get(of));
        let found = found.map_err(|error| port_error("look up an item", &error))?;
        let Some(found) = found.item else {
            return Ok(None);
        };
        Ok(Some(Listed {
            item: item(&found)?,
            state: state?,
        }))
    }

    async fn items(
        &self,
        team: &str,
        filter: &ItemFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Page<Listed>, PortError> {
        self.page(team, filter, after, limit.clamp(1, 1000)).await
    }

    async fn count_items(
        &self,
        team: &str,
        filter: &ItemFilter,
    ) -> Result<BTreeMap<Option<Uuid>, u64>, PortError> {
        self.count(team, filter).await
    }
}

impl Registry {
    async fn register(&self, item: &Item) -> Result<(), PortError> {
        let update = self.client.update_item().table_name(&self.name);
        let update = update.set_key(Some(key(&item.key))).update_expression(
            "SET body = :body, inserted_at = if_not_exists(inserted_at, :inserted_at)",
        );
        let update = update
            .expression_attribute_values(":body", text(body(item)?))
            .expression_attribute_values(":inserted_at", number(item.inserted_at.as_millis()));
        let done = update.send().await;
        done.map_err(|error| port_error("register an item", &error))?;
        Ok(())
    }
}
