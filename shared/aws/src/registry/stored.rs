//! A registered item as it is stored. When it was first registered is an attribute of its own, so that it stays when the
//! item is registered again.

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::format::write;
use delivery::ports::{PortError, PortErrorKind};
use delivery::{FileKey, Item, Timestamp};

use super::place::partition_of;
use crate::error::corrupt;
use crate::table::item::{Item as Attributes, new, read};

/// The largest item, since DynamoDB's can have at most 400 KB.
const LARGEST: usize = 380 * 1024;

pub(super) fn key(key: &FileKey) -> Attributes {
    new(partition_of(key), key.item_id.to_string())
}

pub(super) fn body(item: &Item) -> Result<String, PortError> {
    let what = "register an item";
    let body = write(item).map_err(|error| corrupt(what, error))?;
    if body.len() > LARGEST {
        return Err(PortError::new(PortErrorKind::TooLarge, what));
    }
    Ok(body)
}

pub(super) fn item(attributes: &Attributes) -> Result<Item, PortError> {
    let what = "read an item";
    let item: Item = read(what, attributes)?;
    let inserted_at = match attributes.get("inserted_at") {
        Some(AttributeValue::N(millis)) => millis.parse().map_err(|error| corrupt(what, error))?,
        _ => return Err(corrupt(what, "an attribute is missing")),
    };
    Ok(Item {
        inserted_at: Timestamp::from_millis(inserted_at),
        ..item
    })
}
