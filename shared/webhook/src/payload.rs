use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Members that are annotations, or come from them.
const ANNOTATION_MEMBERS: [&str; 2] = ["annotations", "properties"];

/// The document is no Darwin JSON. The place is kept, the content is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document is not a JSON object: line {line}, column {column}")]
pub struct PayloadError {
    /// From 1.
    pub line: usize,
    /// From 1; 0 at a line's start.
    pub column: usize,
}

impl PayloadError {
    fn at(error: &serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Checks that a document is a JSON object, without keeping any of it.
pub(crate) fn validate(document: &[u8]) -> Result<(), PayloadError> {
    struct Object;
    impl<'de> Deserialize<'de> for Object {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Check;
            impl<'de> Visitor<'de> for Check {
                type Value = Object;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a JSON object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                    Ok(Object)
                }
            }
            deserializer.deserialize_map(Check)
        }
    }
    serde_json::from_slice::<Object>(document)
        .map(|_| ())
        .map_err(|error| PayloadError::at(&error))
}

/// The document less its annotations: the body of a stage that does not include them.
///
/// Members keep their order, and their values their bytes.
///
/// # Errors
/// [`PayloadError`] when it is not a JSON object.
pub fn metadata_only(document: &[u8]) -> Result<Bytes, PayloadError> {
    struct Cut(Vec<u8>);
    impl<'de> Deserialize<'de> for Cut {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Members;
            impl<'de> Visitor<'de> for Members {
                type Value = Cut;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("a JSON object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cut, A::Error> {
                    let mut kept = Vec::with_capacity(2048);
                    kept.push(b'{');
                    while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                        if ANNOTATION_MEMBERS.contains(&name.as_ref()) {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                        let value: &RawValue = map.next_value()?;
                        if kept.len() > 1 {
                            kept.push(b',');
                        }
                        serde_json::to_writer(&mut kept, &name)
                            .map_err(serde::de::Error::custom)?;
                        kept.push(b':');
                        kept.extend_from_slice(value.get().as_bytes());
                    }
                    kept.push(b'}');
                    Ok(Cut(kept))
                }
            }
            deserializer.deserialize_map(Members)
        }
    }
    serde_json::from_slice::<Cut>(document)
        .map(|cut| cut.0.into())
        .map_err(|error| PayloadError::at(&error))
}
