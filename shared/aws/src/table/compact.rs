//! A compact form of the record. Writes are billed by the KiB, and as plain JSON the record of a file that has
//! just left a stage is larger than one KiB.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Field names and their short forms. Other names are kept, so that a new field does not need an entry here. An
/// entry must never change.
const NAMES: &[(&str, &str)] = &[
    ("workflow_id", "w"),
    ("visit", "v"),
    ("delivery", "d"),
    ("passed", "p"),
    ("hops", "h"),
    ("updated_at", "u"),
    ("id", "i"),
    ("stage_id", "s"),
    ("sequence", "q"),
    ("entered_at", "e"),
    ("assigned_by", "b"),
    ("assignee", "g"),
    ("user", "U"),
    ("workflow", "W"),
    ("from_visit", "f"),
    ("role", "r"),
    ("delivery_id", "D"),
    ("opened_at", "o"),
    ("attempt", "a"),
    ("attempts", "A"),
    ("next_at", "n"),
    ("lease_until", "l"),
    ("claim_id", "c"),
    ("document", "j"),
    ("inline", "I"),
    ("outcome", "O"),
    ("reason", "R"),
    ("ended_at", "E"),
    ("moved_to", "m"),
    ("at", "t"),
    ("status", "S"),
    ("duration_ms", "M"),
];

/// Marks a UUID written in 22 characters; a text that itself begins with the mark gets it as well.
const MARK: char = '~';

/// A value in its short form.
pub(super) fn write(value: &impl Serialize) -> serde_json::Result<Value> {
    serde_json::to_value(value).map(|value| walk(value, &short_name, &short_text))
}

/// A value from its short form.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> serde_json::Result<T> {
    serde_json::from_value(walk(value, &long_name, &long_text))
}

fn walk(value: Value, name: &dyn Fn(String) -> String, text: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(string) => Value::String(text(string)),
        Value::Array(values) => {
            let values = values.into_iter().map(|value| walk(value, name, text));
            Value::Array(values.collect())
        }
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(field, value)| (name(field), walk(value, name, text)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        other => other,
    }
}

/// In the same memory, because a record has dozens of names.
fn short_name(mut name: String) -> String {
    if let Some((_, short)) = NAMES.iter().find(|(long, _)| *long == name) {
        name.clear();
        name.push_str(short);
    }
    name
}

fn long_name(name: String) -> String {
    let found = NAMES.iter().find(|(_, short)| *short == name);
    found.map_or(name, |(long, _)| (*long).to_owned())
}

fn short_text(mut text: String) -> String {
    // Only what comes back the same: a UUID has other spellings.
    if let Some(id) = hyphenated(&text) {
        text.clear();
        text.push(MARK);
        BASE64_URL_SAFE_NO_PAD.encode_string(id, &mut text);
    } else if text.starts_with(MARK) {
        text.insert(0, MARK);
    }
    text
}

/// The UUID that is written like this, in lower case and with hyphens.
fn hyphenated(text: &str) -> Option<Uuid> {
    if text.len() != Hyphenated::LENGTH {
        return None;
    }
    let id = Uuid::try_parse(text).ok()?;
    let mut written = Uuid::encode_buffer();
    (id.hyphenated().encode_lower(&mut written) == text).then_some(id)
}

fn long_text(text: String) -> String {
    let Some(rest) = text.strip_prefix(MARK) else {
        return text;
    };
    if rest.starts_with(MARK) {
        return rest.to_owned();
    }
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(rest).ok();
    bytes
        .and_then(|bytes| Uuid::from_slice(&bytes).ok())
        .map_or(text, |id| id.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_their_short_forms_are_unique() {
        let all: BTreeSet<&str> = NAMES.iter().flat_map(|(a, b)| [*a, *b]).collect();
        assert_eq!(all.len(), NAMES.len() * 2);
        assert!(NAMES.iter().all(|(_, short)| short.len() == 1));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let id = "0b8a1c3e-5d2f-4a6b-9c7d-8e9f0a1b2c3d";
        for value in [
            json!({"delivery": {"delivery_id": id, "attempts": [{"at": -1, "status": 503}]}}),
            json!({"new_field": id, "passed": [id, id]}),
            json!([id, id.to_uppercase(), id.replace('-', "")]),
            json!(["~", "~~", "~~~x", "~AAAAAAAAAAAAAAAAAAAAAA", "", "x~"]),
            json!([null, true, 1.5, u64::MAX, i64::MIN]),
        ] {
            let short = write(&value).unwrap();
            assert_eq!(read::<Value>(short).unwrap(), value);
        }
    }

    #[test]
    fn damaged_text_is_no_panic() {
        for text in ["~!", "~AAAA", "~\u{e9}", "~AAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(long_text(text.to_owned()), text);
        }
    }
}
