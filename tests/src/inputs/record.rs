//! Records as a store gives them back: what was written is read, and damage has a name.

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::ports::{PortError, PortErrorKind};
use delivery::{AttemptRecord, FileState, Rejection, VisitRecord};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// All that must hold for a stored text: a row of SQLite, a history's body, or (as a JSON object of its
/// attributes) an item of DynamoDB.
///
/// # Panics
/// When something does not.
pub fn check(stored: &[u8]) {
    let Ok(text) = std::str::from_utf8(stored) else {
        return;
    };
    match embedded::read_record(text) {
        Ok(state) => comes_back(&state),
        Err(error) => is_named(&error),
    }
    history::<VisitRecord>(text);
    history::<AttemptRecord>(text);
    history::<Rejection>(text);
    if let Ok(Value::Object(attributes)) = serde_json::from_str(text) {
        let item = attributes
            .into_iter()
            .filter_map(|(name, value)| Some((name, attribute(value)?)));
        match aws::read_record(&item.collect()) {
            Ok(state) => comes_back(&state),
            Err(error) => is_named(&error),
        }
    }
}

/// A record is the same after each store.
///
/// # Panics
/// When it is not.
pub fn comes_back(state: &FileState) {
    let row = serde_json::to_string(state).expect("a record is JSON");
    let read = embedded::read_record(&row).expect("what was written can be read");
    assert_eq!(&read, state, "SQLite");
    let item = aws::record_item(state).expect("a record is an item");
    let read = aws::read_record(&item).expect("what was written can be read");
    assert_eq!(&read, state, "DynamoDB");
}

fn is_named(error: &PortError) {
    let codes = [PortErrorKind::Corrupt, PortErrorKind::Newer].map(PortErrorKind::code);
    assert_eq!(codes, ["engine_corrupt", "newer_format"]);
    assert!(codes.contains(&error.kind.code()), "{error:?}");
}

fn history<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str) {
    if let Ok(record) = serde_json::from_str::<T>(text) {
        let written = serde_json::to_string(&record).expect("a record is JSON");
        let read: T = serde_json::from_str(&written).expect("what was written can be read");
        assert_eq!(read, record);
    }
}

/// A JSON value as the attribute it stands for.
fn attribute(value: Value) -> Option<AttributeValue> {
    match value {
        Value::String(text) => Some(AttributeValue::S(text)),
        Value::Number(number) => Some(AttributeValue::N(number.to_string())),
        Value::Bool(flag) => Some(AttributeValue::Bool(flag)),
        Value::Null => Some(AttributeValue::Null(true)),
        Value::Array(values) => Some(AttributeValue::L(
            values.into_iter().filter_map(attribute).collect(),
        )),
        Value::Object(_) => None,
    }
}
