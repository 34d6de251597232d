use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::FileKey;
use delivery::format::{self, Formatted, read_stored};
use delivery::ports::PortError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::corrupt;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn file(key: &FileKey) -> String {
    format!("FILE#{}#{}", key.team, key.item_id)
}

pub(crate) fn new(pk: String, sk: String) -> Item {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

pub(crate) fn json(
    what: &'static str,
    value: &(impl Formatted + Serialize),
) -> Result<AttributeValue, PortError> {
    format::write(value)
        .map(text)
        .map_err(|error| corrupt(what, error))
}

pub(crate) fn body<'a>(what: &'static str, item: &'a Item) -> Result<&'a str, PortError> {
    match item.get("body") {
        Some(AttributeValue::S(body)) => Ok(body),
        _ => Err(corrupt(what, "the item has no body")),
    }
}

/// What the item's body says.
pub(crate) fn read<T: Formatted + DeserializeOwned>(
    what: &'static str,
    item: &Item,
) -> Result<T, PortError> {
    read_stored(what, body(what, item)?)
}
