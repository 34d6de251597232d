use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The parts of a Darwin JSON 2.0 document that the receiver reads. Everything else is skipped, so that new
/// fields do no harm, nor anything that JSON allows but many parsers refuse: numbers too large for a double,
/// halves of surrogate pairs, deep nesting, repeated names. A field with the wrong form counts as absent.
pub(crate) struct Summary {
    pub(crate) item_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) annotations: Option<usize>,
}

impl Summary {
    /// Reads a body. The error is a message for the caller.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        // Large documents are sent unchecked; a single character in another encoding need not lose one.
        let text = String::from_utf8_lossy(body);
        let whole: &RawValue = serde_json::from_str(&text).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            format!("the body is not a Darwin JSON document: line {line}, column {column}")
        })?;
        let document = Members::of(whole.get())
            .ok_or("the body is not a Darwin JSON document: it is not a JSON object")?;
        let item = document.object("item");
        let source = item.object("source_info");
        Ok(Self {
            item_id: source.text("item_id"),
            name: item.text("name"),
            annotations: document.length("annotations"),
        })
    }
}

/// An object's members. Of repeated members the last counts, as in Python and JavaScript.
#[derive(Default)]
struct Members<'a>(Vec<(Cow<'a, [u8]>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Reads the members from valid JSON. serde alone would also accept an array, with the fields in order.
    fn of(json: &'a str) -> Option<Self> {
        let is_object = json.starts_with('{');
        is_object.then(|| serde_json::from_str(json).ok()).flatten()
    }

    fn raw(&self, name: &str) -> Option<&'a str> {
        let members = self.0.iter().rev();
        let mut named = members.filter(|(key, _)| **key == *name.as_bytes());
        named.next().map(|(_, value)| value.get())
    }

    fn object(&self, name: &str) -> Members<'a> {
        self.raw(name).and_then(Members::of).unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<String> {
        let Name(bytes) = serde_json::from_str(self.raw(name)?).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn length(&self, name: &str) -> Option<usize> {
        let entries: Vec<IgnoredAny> = serde_json::from_str(self.raw(name)?).ok()?;
        Some(entries.len())
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Text as bytes, because half of a surrogate pair is valid JSON but not valid text.
struct Name<'a>(Cow<'a, [u8]>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl<'de> Visitor<'de> for Bytes {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_bytes<E>(self, bytes: &'de [u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(bytes)))
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(bytes.to_vec())))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Summary;

    fn read(body: &[u8]) -> (Option<String>, Option<String>, Option<usize>) {
        let summary = Summary::read(body).unwrap_or_else(|error| panic!("{error}"));
        (summary.name, summary.item_id, summary.annotations)
    }

    fn all() -> (Option<String>, Option<String>, Option<usize>) {
        (Some("a".to_owned()), Some("1".to_owned()), Some(2))
    }

    #[test]
    fn what_is_read_is_found() {
        let body = br#" {"item":{"name":"a","source_info":{"item_id":"1"}},"annotations":[1,2]} "#;
        assert_eq!(read(body), all());
    }

    #[test]
    fn what_is_not_read_may_be_anything() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for odd in [
            "1e400",
            "-1e999999999999",
            r#""\udce9""#,
            r#"{"\ud83d":"x\ud83d","\ud83d":0}"#,
            r#"{"twice":1,"twice":2}"#,
            &deep,
        ] {
            let body = format!(
                r#"{{"x":{odd},"item":{{"y":{odd},"name":"a","source_info":{{"z":{odd},"item_id":"1"}}}},"annotations":[{odd},{odd}],"\ud83d":{odd}}}"#
            );
            assert_eq!(read(body.as_bytes()), all(), "{odd}");
        }
        let body = b"{\"item\":{\"x\":\"\xe9\",\"name\":\"a\",\"source_info\":{\"item_id\":\"1\"}},\"annotations\":[1,2]}";
        assert_eq!(read(body), all(), "a letter in Latin-1");
    }

    #[test]
    fn a_byte_order_mark_and_doubled_names_are_taken() {
        let body = "\u{feff}{\"item\":{\"name\":\"b\"},\"item\":{\"name\":\"b\",\"name\":\"a\",\"source_info\":{\"item_id\":\"1\"}},\"annotations\":[],\"annotations\":[1,2]}";
        assert_eq!(read(body.as_bytes()), all());
    }

    #[test]
    fn half_a_pair_in_a_name_is_shown_as_unreadable() {
        let (name, _, _) = read(br#"{"item":{"name":"caf\udce9.jpg"}}"#);
        let name = name.expect("a name");
        assert!(name.starts_with("caf\u{fffd}") && name.ends_with(".jpg"));
    }

    #[test]
    fn a_field_of_another_form_is_absent() {
        for body in [
            "{}",
            r#"{"item":7,"annotations":null}"#,
            r#"{"item":["a",null],"annotations":{}}"#,
            r#"{"item":{"name":7,"source_info":[1]},"annotations":"x"}"#,
            r#"{"item":{"name":null,"source_info":{"item_id":5}}}"#,
            r#"{"item":{"name":["a"],"source_info":{"item_id":[49]}}}"#,
        ] {
            assert_eq!(read(body.as_bytes()), (None, None, None), "{body}");
        }
    }

    #[test]
    fn what_is_not_one_json_object_is_refused() {
        for body in [
            "",
            "[]",
            r#"[{"name":"a"},[]]"#,
            "7",
            "{",
            "{}x",
            "{}{}",
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            "{\"a\":\"\n\"}",
            "{\"a\n\":1}",
            "\u{feff}\u{feff}{}",
        ] {
            assert!(Summary::read(body.as_bytes()).is_err(), "{body}");
        }
    }
}
