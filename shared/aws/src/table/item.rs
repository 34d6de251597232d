use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::FileKey;
use delivery::ports::PortError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::corrupt;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn file(key: &FileKey) -> String {
    format!("FILE#{}#{}", key.team, key.item_id)
}

pub(super) fn new(pk: String, sk: String) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

pub(super) fn json(
    what: &'static str,
    value: &impl Serialize,
) -> Result<AttributeValue, PortError> {
    serde_json::to_string(value)
        .map(text)
        .map_err(|error| corrupt(what, error))
}

pub(super) fn body<T: DeserializeOwned>(what: &'static str, item: &Item) -> Result<T, PortError> {
    match item.get("body") {
        Some(AttributeValue::S(body)) => {
            serde_json::from_str(body).map_err(|error| corrupt(what, error))
        }
        _ => Err(corrupt(what, "the item has no body")),
    }
}
