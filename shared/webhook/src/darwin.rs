//! Reads the parts of a Darwin JSON document that are needed here. The receiver gets the document as it is,
//! so only what is clearly not a document is refused; other deviations from what V7 writes are noted.

use std::fmt;

use crate::members::{members, text};

/// What a document says about its item. Values are as in the document, and empty where it has none.
#[derive(Debug, Default)]
pub(crate) struct Darwin {
    pub(crate) name: String,
    pub(crate) folder: Option<String>,
    pub(crate) dataset: String,
    pub(crate) team: String,
    pub(crate) item_id: Option<String>,
    pub(crate) dataset_url: Option<String>,
    /// As JSON.
    pub(crate) slots: Option<String>,
    /// Deviations from what V7 writes. The words of each depend on its kind only, not on the document.
    pub(crate) oddities: Vec<String>,
}

/// Reads a checked document, without a byte order mark.
///
/// # Errors
/// Why it is not a document that can be sent.
pub(crate) fn read(document: &str) -> Result<Darwin, String> {
    let mut oddities = Oddities::default();
    let top = Object::read(document);
    oddities.version(&top)?;
    let Some(item) = oddities.object(&top, "item") else {
        return Err(match top.last("item").map(Kind::of) {
            None | Some(Kind::Null) => {
                "it is not a Darwin JSON document: it has no \"item\"".to_owned()
            }
            Some(kind) => {
                format!("it is not a Darwin JSON document: its \"item\" is {kind}, not an object")
            }
        });
    };
    let name = oddities.word(&item, "name").unwrap_or_default();
    let folder = oddities.word(&item, "path");
    let source = oddities.object(&item, "source_info").unwrap_or_default();
    let dataset = source.last("dataset").map(Object::read);
    let dataset_url = dataset.and_then(|dataset| dataset.last("dataset_management_url"));
    Ok(Darwin {
        dataset_url: dataset_url.and_then(text),
        slots: item.last("slots").map(str::to_owned),
        name,
        folder,
        dataset: oddities.slug(&source, "dataset"),
        team: oddities.slug(&source, "team"),
        item_id: oddities.item_id(&source),
        oddities: oddities.0,
    })
}

/// An object's members, repeated ones included.
#[derive(Default)]
struct Object<'a>(Vec<(std::borrow::Cow<'a, [u8]>, &'a str)>);

impl<'a> Object<'a> {
    fn read(value: &'a str) -> Self {
        Self(members(value))
    }

    fn all(&self, name: &str) -> impl DoubleEndedIterator<Item = &'a str> {
        let named = self
            .0
            .iter()
            .filter(move |(found, _)| **found == *name.as_bytes());
        named.map(|(_, value)| *value)
    }

    fn last(&self, name: &str) -> Option<&'a str> {
        self.all(name).next_back()
    }
}

#[derive(Default)]
struct Oddities(Vec<String>);

impl Oddities {
    /// The last member of that name whose kind can be used. Most parsers that accept repeated members take
    /// the last.
    fn member<'a>(
        &mut self,
        object: &Object<'a>,
        name: &str,
        is_usable: impl Fn(Kind) -> bool,
    ) -> Option<&'a str> {
        if object.all(name).nth(1).is_some() {
            self.0.push(format!(
                "it has more than one \"{name}\" in one place; the last that can be used counts"
            ));
        }
        object
            .all(name)
            .rev()
            .find(|value| is_usable(Kind::of(value)))
    }

    fn object<'a>(&mut self, within: &Object<'a>, name: &str) -> Option<Object<'a>> {
        let found = self.member(within, name, |kind| kind == Kind::Object);
        if found.is_none() {
            self.unusable(within, name, "an object");
        }
        found.map(Object::read)
    }

    /// A text; or a number, as written.
    fn word(&mut self, within: &Object<'_>, name: &str) -> Option<String> {
        let value = self.member(within, name, Kind::is_word);
        if value.is_none_or(|value| Kind::of(value) == Kind::Number) {
            self.unusable(within, name, "text");
        }
        value.map(|value| self.written(name, value))
    }

    /// A dataset or a team is known by its slug, or else by its name. A text in place of the object is taken
    /// as the slug.
    fn slug(&mut self, source: &Object<'_>, name: &str) -> String {
        let is_usable = |kind: Kind| kind == Kind::Object || kind.is_word();
        let Some(value) = self.member(source, name, is_usable) else {
            self.unusable(source, name, "an object");
            return String::new();
        };
        if Kind::of(value) != Kind::Object {
            self.unusable(source, name, "an object");
            return self.written(name, value);
        }
        let object = Object::read(value);
        let mut words = ["slug", "name"].into_iter();
        let word = words.find_map(|name| self.word(&object, name).filter(|word| !word.is_empty()));
        word.unwrap_or_default()
    }

    /// What the document gives as the item's id, whatever it is.
    fn item_id(&mut self, source: &Object<'_>) -> Option<String> {
        let value = self.member(source, "item_id", |kind| kind != Kind::Null)?;
        match Kind::of(value) {
            Kind::Text => Some(self.written("item_id", value)).filter(|id| !id.is_empty()),
            Kind::Number => Some(value.to_owned()),
            kind => {
                self.0.push(format!("its \"item_id\" is {kind}, not text"));
                None
            }
        }
    }

    fn version(&mut self, top: &Object<'_>) -> Result<(), String> {
        let other =
            |version: &str| Err(format!("it is Darwin JSON {version}; only 2.x can be sent"));
        match self.member(top, "version", Kind::is_word) {
            Some(value) if Kind::of(value) == Kind::Number => {
                self.unusable(top, "version", "text");
                match value.parse::<f64>() {
                    Ok(number) if (2.0..3.0).contains(&number) => Ok(()),
                    _ => other(value),
                }
            }
            Some(value) => {
                let version = self.written("version", value);
                if version == "2" || version.starts_with("2.") {
                    Ok(())
                } else if version.is_empty() {
                    self.0.push("its \"version\" is empty".to_owned());
                    Ok(())
                } else {
                    other(&version)
                }
            }
            None => {
                match top.last("version") {
                    None => self.0.push("it has no \"version\"".to_owned()),
                    Some(_) => self.unusable(top, "version", "text"),
                }
                Ok(())
            }
        }
    }

    /// Notes that the last member of that name is of another kind than V7 writes. Null counts as absent.
    fn unusable(&mut self, within: &Object<'_>, name: &str, wanted: &str) {
        let kind = within.last(name).map_or(Kind::Null, Kind::of);
        if kind != Kind::Null {
            self.0
                .push(format!("its \"{name}\" is {kind}, not {wanted}"));
        }
    }

    fn written(&mut self, name: &str, value: &str) -> String {
        if Kind::of(value) != Kind::Text {
            return value.to_owned();
        }
        if serde_json::from_str::<String>(value).is_err() {
            self.0.push(format!(
                "its \"{name}\" has half of a surrogate pair, shown here as \u{fffd}"
            ));
        }
        text(value).unwrap_or_default()
    }
}

/// The kind of a value, told by its first character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    List,
    Text,
    Flag,
    Null,
    Number,
}

impl Kind {
    fn of(value: &str) -> Self {
        match value.as_bytes().first() {
            Some(b'{') => Self::Object,
            Some(b'[') => Self::List,
            Some(b'"') => Self::Text,
            Some(b't' | b'f') => Self::Flag,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    fn is_word(self) -> bool {
        matches!(self, Self::Text | Self::Number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::Text => "text",
            Self::Flag => "true or false",
            Self::Null => "null",
            Self::Number => "a number",
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::read;

    /// A value of a kind that V7 does not write in most places.
    fn value() -> impl Strategy<Value = String> {
        let values = [
            "null",
            "true",
            "7",
            "-1e999",
            "[]",
            "[{\"slug\":1}]",
            "{}",
            "{\"slug\":7}",
            "{\"slug\":{}}",
            "{\"name\":\"n\"}",
            "\"\"",
            "\"scans\"",
            "\"caf\\udce9\"",
            "\"\\u0000\\n\"",
        ];
        prop::sample::select(values.to_vec()).prop_map(str::to_owned)
    }

    /// An object with some of the members, some of them repeated.
    fn object(members: &[&'static str], of: BoxedStrategy<String>) -> BoxedStrategy<String> {
        let member = (prop::sample::select(members.to_vec()), of)
            .prop_map(|(name, value)| format!("\"{name}\":{value}"));
        prop::collection::vec(member, 0..6)
            .prop_map(|members| format!("{{{}}}", members.join(",")))
            .boxed()
    }

    fn document() -> impl Strategy<Value = String> {
        let named = object(&["slug", "name"], value().boxed());
        let source = object(
            &["item_id", "dataset", "team"],
            prop_oneof![value(), named].boxed(),
        );
        let item = object(
            &["name", "path", "source_info", "slots"],
            prop_oneof![value(), source].boxed(),
        );
        let version = prop::sample::select(vec![
            "2", "2.1", "\"2.0\"", "null", "[]", "true", "{}", "\"\"",
        ]);
        let versions = prop::collection::vec(version, 0..3);
        (versions, item, value()).prop_map(|(versions, item, other)| {
            let versions = versions
                .iter()
                .map(|version| format!("\"version\":{version},"));
            let versions = versions.collect::<String>();
            format!("{{{versions}\"annotations\":{other},\"item\":{item}}}")
        })
    }

    proptest! {
        #[test]
        fn no_metadata_keeps_a_document_from_being_sent(document in document()) {
            prop_assert_eq!(crate::check(document.as_bytes()), Ok(()));
            let known = read(&document);
            prop_assert!(known.is_ok(), "{document}: {known:?}");
        }
    }

    #[test]
    fn the_usual_document_has_nothing_odd() {
        let known = read(
            r#"{"version":"2.0","item":{"name":"n","path":"/p","source_info":{"item_id":"i",
            "dataset":{"name":"D","slug":"d"},"team":{"name":"T","slug":"t"}}},"annotations":[]}"#,
        )
        .unwrap();
        let found = (
            &*known.name,
            known.folder.as_deref(),
            &*known.dataset,
            &*known.team,
        );
        assert_eq!(found, ("n", Some("/p"), "d", "t"));
        assert_eq!(known.item_id.as_deref(), Some("i"));
        assert!(known.oddities.is_empty(), "{:?}", known.oddities);
    }

    #[test]
    fn what_is_odd_is_named_and_read_all_the_same() {
        let known = read(
            r#"{"version":2.0,"item":{"name":"old","name":"caf\udce9","path":7,
            "source_info":{"item_id":267804819,"dataset":"scans","team":{"slug":["t"],"name":"T"}}}}"#,
        )
        .unwrap();
        let found = (
            &*known.name,
            known.folder.as_deref(),
            &*known.dataset,
            &*known.team,
        );
        assert_eq!(found, ("caf\u{fffd}", Some("7"), "scans", "T"));
        assert_eq!(known.item_id.as_deref(), Some("267804819"));
        assert_eq!(
            known.oddities,
            [
                "its \"version\" is a number, not text",
                "it has more than one \"name\" in one place; the last that can be used counts",
                "its \"name\" has half of a surrogate pair, shown here as \u{fffd}",
                "its \"path\" is a number, not text",
                "its \"dataset\" is text, not an object",
                "its \"slug\" is a list, not text",
            ]
        );
    }

    #[test]
    fn what_is_not_a_document_is_refused() {
        for (document, why) in [
            ("{\"images\":[]}", "it has no \"item\""),
            ("{\"item\":null}", "it has no \"item\""),
            ("{\"item\":[{}]}", "its \"item\" is a list"),
            ("{\"version\":\"1.0\",\"item\":{}}", "it is Darwin JSON 1.0"),
            ("{\"version\":3,\"item\":{}}", "it is Darwin JSON 3;"),
            ("{\"version\":\"20\",\"item\":{}}", "it is Darwin JSON 20;"),
        ] {
            let refused = read(document).unwrap_err();
            assert!(refused.contains(why), "{document}: {refused}");
        }
    }
}
