//! JSON as plainly as it can be read: the measure for what the product reads cleverly.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// An object's members in order, doubled ones too: the name's bytes, and the value's text. A byte order
/// mark may stand before it.
pub(super) fn members(document: &[u8]) -> Option<Vec<(Vec<u8>, &RawValue)>> {
    let text = std::str::from_utf8(document).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    // A name read as bytes could hold control characters.
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    Some(members.0)
}

/// How deep brackets are nested in a valid document.
pub(super) fn depth(document: &[u8]) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                open += 1;
                deepest = deepest.max(open);
            }
            b'}' | b']' if !in_text => open -= 1,
            _ => {}
        }
    }
    deepest
}

struct Members<'a>(Vec<(Vec<u8>, &'a RawValue)>);

/// A member's name. Read as bytes, because half a surrogate pair is JSON but no text.
struct Name(Vec<u8>);

struct NameVisitor;

impl Visitor<'_> for NameVisitor {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name, E> {
        Ok(Name(bytes.to_vec()))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(NameVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Name, &RawValue>()? {
            members.push((name.0, value));
        }
        Ok(Members(members))
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}
