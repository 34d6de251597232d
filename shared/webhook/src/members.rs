use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A member: its name's bytes, and its value as written.
type Member<'a> = (Cow<'a, [u8]>, &'a str);

/// An object's members in order, including repeated ones; none if it is not an object.
///
/// A name is given as bytes, because half of a surrogate pair is valid JSON but not valid text. It is encoded as
/// if UTF-8 allowed it.
#[must_use]
pub fn members(object: &str) -> Vec<Member<'_>> {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    deserializer.deserialize_map(All).unwrap_or_default()
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Text(name)) = map.next_key()? {
            found.push((name, map.next_value::<&RawValue>()?.get()));
        }
        Ok(found)
    }
}

struct Text<'a>(Cow<'a, [u8]>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes).map(Text)
    }
}

struct Bytes;

impl<'de> Visitor<'de> for Bytes {
    type Value = Cow<'de, [u8]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_bytes<E>(self, text: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_bytes<E>(self, text: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// The text of a JSON string, with U+FFFD for each half of a surrogate pair; none if it is not a string.
#[must_use]
pub fn text(value: &str) -> Option<String> {
    let Text(bytes) = serde_json::from_str(value).ok()?;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        // Half of a surrogate pair is three bytes, each a chunk of its own.
        if chunk.invalid().first() == Some(&0xed) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{members, text};

    #[test]
    fn every_member_is_there_in_its_order_and_spelling() {
        let found = members(r#"{"a" : [1, 2],"\u0061":{} ,"\ud800":1e999,"a":"x"}"#);
        let found: Vec<_> = found
            .iter()
            .map(|(name, value)| (&name[..], *value))
            .collect();
        let expected: [(&[u8], &str); 4] = [
            (b"a", "[1, 2]"),
            (b"a", "{}"),
            (b"\xed\xa0\x80", "1e999"),
            (b"a", "\"x\""),
        ];
        assert_eq!(found, expected);
        for other in ["[1]", "7", "\"a\"", "null", ""] {
            assert!(members(other).is_empty(), "{other}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_one_character() {
        assert_eq!(
            text(r#""caf\udce9 \ud83d\ude00\ud83d""#).unwrap(),
            "caf\u{fffd} \u{1f600}\u{fffd}"
        );
        assert_eq!(text(r#""é\u00e9""#).unwrap(), "éé");
        for other in ["[1]", "7", "null", "{}"] {
            assert_eq!(text(other), None, "{other}");
        }
    }
}
