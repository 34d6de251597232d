use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use delivery::format;
use delivery::ports::{FileStates, PortError, WriteError};
use delivery::{FileKey, FileState};
use serde_json::{Value, json};

use super::Table;
use super::at_rest::AtRestIndex;
use super::item::{Item, body, file, new, number, text};
use super::{compact, index};
use crate::error::{corrupt, port_error};

impl FileStates for Table {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.record(key, true).await
    }

    async fn get_eventual(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.record(key, false).await
    }

    fn snapshot(&self, state: &FileState) -> Option<String> {
        let mut short = compact::write(state).ok()?;
        format::mark(short.as_object_mut()?, state);
        Some(short.to_string())
    }

    fn restore(&self, key: &FileKey, snapshot: &str) -> Option<FileState> {
        let short: Value = serde_json::from_str(snapshot).ok()?;
        format::check::<FileState>(short.as_object()?).ok()?;
        let state: FileState = compact::read(short).ok()?;
        (state.key == *key).then_some(state)
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(self.written(next).map_err(WriteError::Port)?))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = if next.version == 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("#v = :before")
                .expression_attribute_names("#v", "version")
                .expression_attribute_values(":before", number(next.version.saturating_sub(1)))
        };
        let Err(error) = put.send().await else {
            return Ok(());
        };
        let failed = port_error("put file state", &error);
        match error.into_service_error() {
            // The refusal contains the current record, so that deciding again needs no read.
            PutItemError::ConditionalCheckFailedException(refused) => {
                let found = refused.item.map(|item| state(&item)).transpose();
                Err(WriteError::Conflict(
                    found.map_err(WriteError::Port)?.map(Box::new),
                ))
            }
            _ => Err(WriteError::Port(failed)),
        }
    }
}

impl Table {
    async fn record(
        &self,
        key: &FileKey,
        consistent: bool,
    ) -> Result<Option<FileState>, PortError> {
        let found = self
            .client
            .get_item()
            .table_name(&self.name)
            .key("pk", text(file(key)))
            .key("sk", text("STATE"))
            .consistent_read(consistent)
            .send()
            .await
            .map_err(|error| port_error("get file state", &error))?;
        found.item.map(|item| state(&item)).transpose()
    }

    /// The item of a record, with what the indexes and the retention need.
    fn written(&self, state: &FileState) -> Result<Item, PortError> {
        let mut item = item(state)?;
        item.extend(index::entries(
            state,
            self.index_at_rest != AtRestIndex::Absent,
        ));
        Ok(self.retention.record(item, state))
    }
}

/// The item of a record. Fields with an attribute of their own are not repeated in the body.
///
/// # Errors
/// [`PortError`] when it is not a JSON object.
pub fn item(state: &FileState) -> Result<Item, PortError> {
    let what = "write file state";
    let mut short = compact::write(state).map_err(|error| corrupt(what, error))?;
    let fields = short
        .as_object_mut()
        .ok_or_else(|| corrupt(what, "no object"))?;
    format::mark(fields, state);
    fields.remove("key");
    fields.remove("version");
    let status = fields.remove("S").unwrap_or_default();
    let mut item = new(file(&state.key), "STATE".to_owned());
    item.insert("version".to_owned(), number(state.version));
    item.insert(
        "status".to_owned(),
        text(status.as_str().unwrap_or_default()),
    );
    item.insert("body".to_owned(), text(short.to_string()));
    Ok(item)
}

/// The record of an item.
///
/// # Errors
/// [`PortError`] when the item was not made by [`item`], or by a later version's.
pub fn state(item: &Item) -> Result<FileState, PortError> {
    let what = "read file state";
    let missing = || corrupt(what, "an attribute is missing");
    let mut short: Value =
        serde_json::from_str(body(what, item)?).map_err(|error| corrupt(what, error))?;
    let fields = short.as_object_mut().ok_or_else(missing)?;
    format::check::<FileState>(fields).map_err(|newer| newer.into_port_error(what))?;
    let attribute = |name: &str| match item.get(name) {
        Some(AttributeValue::S(value) | AttributeValue::N(value)) => Ok(value.as_str()),
        _ => Err(missing()),
    };
    let key = attribute("pk")?.strip_prefix("FILE#").ok_or_else(missing)?;
    let (team, item_id) = key.rsplit_once('#').ok_or_else(missing)?;
    let version: u64 = attribute("version")?
        .parse()
        .map_err(|error| corrupt(what, error))?;
    // The team's slug is foreign text, and may look like a short form.
    let team = compact::write(&team).map_err(|error| corrupt(what, error))?;
    fields.insert("key".to_owned(), json!({"team": team, "item_id": item_id}));
    fields.insert("version".to_owned(), json!(version));
    fields.insert("S".to_owned(), json!(attribute("status")?));
    compact::read(short).map_err(|error| corrupt(what, error))
}
