use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValue;
use delivery::ports::{ApiKeys, PortError, StoredKey};

use super::Registry;
use crate::error::port_error;
use crate::table::item::{json, new, read, text};

/// All keys are in one partition, so that they can be listed; it takes 3,000 requests of the API a second.
const KEYS: &str = "KEYS";

impl ApiKeys for Registry {
    /// The read is consistent, so that a key which was removed lets nobody in.
    async fn key(&self, prefix: &str) -> Result<Option<StoredKey>, PortError> {
        let get = self.client.get_item().table_name(&self.name);
        let key = new(KEYS.to_owned(), prefix.to_owned());
        let found = get.set_key(Some(key)).consistent_read(true).send().await;
        let found = found.map_err(|error| port_error("look up a key", &error))?;
        let found = found.item.as_ref();
        found.map(|item| read("read a key", item)).transpose()
    }

    async fn put_key(&self, key: &StoredKey) -> Result<bool, PortError> {
        let what = "store a key";
        let mut item = new(KEYS.to_owned(), key.prefix.clone());
        item.insert("body".to_owned(), json(what, key)?);
        let put = self.client.put_item().table_name(&self.name);
        let put = put
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)");
        let Err(error) = put.send().await else {
            return Ok(true);
        };
        let failed = port_error(what, &error);
        match error.into_service_error() {
            PutItemError::ConditionalCheckFailedException(_) => {
                // The SDK may have sent it twice, and then meets the key that it stored itself.
                Ok(self.key(&key.prefix).await?.as_ref() == Some(key))
            }
            _ => Err(failed),
        }
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, PortError> {
        let query = self.client.query().table_name(&self.name);
        let query = query
            .key_condition_expression("pk = :keys")
            .expression_attribute_values(":keys", text(KEYS))
            .consistent_read(true);
        let mut items = query.into_paginator().items().send();
        let mut keys: Vec<StoredKey> = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| port_error("list keys", &error))?;
            keys.push(read("read a key", &item)?);
        }
        keys.sort_by(|one, other| {
            (one.created_at, &one.prefix).cmp(&(other.created_at, &other.prefix))
        });
        Ok(keys)
    }

    async fn remove_key(&self, prefix: &str) -> Result<bool, PortError> {
        let delete = self.client.delete_item().table_name(&self.name);
        let key = new(KEYS.to_owned(), prefix.to_owned());
        let delete = delete
            .set_key(Some(key))
            .return_values(ReturnValue::AllOld)
            .send();
        let gone = delete.await;
        let gone = gone.map_err(|error| port_error("remove a key", &error))?;
        Ok(gone.attributes.is_some())
    }
}
