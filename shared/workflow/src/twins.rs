use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::problem::Problem;

/// Finds the first member that its object has twice. Some parsers take the first of the two and some the last,
/// so it is not certain what such a file sets.
pub(crate) fn find(json: &[u8]) -> Option<Problem> {
    let error = serde_json::from_slice::<WithoutTwins>(json).err()?;
    let (line, column) = (error.line(), error.column());
    let text = error.to_string();
    let name = text.rsplit_once(" at line ").map_or("", |(name, _)| name);
    Some(Problem::Twin {
        line,
        column,
        name: name.to_owned(),
    })
}

struct WithoutTwins;

impl<'de> Deserialize<'de> for WithoutTwins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = WithoutTwins;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WithoutTwins, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("{name:?}")));
            }
            names.insert(name);
            map.next_value::<WithoutTwins>()?;
        }
        Ok(WithoutTwins)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<WithoutTwins, A::Error> {
        while entries.next_element::<WithoutTwins>()?.is_some() {}
        Ok(WithoutTwins)
    }

    fn visit_bool<E>(self, _: bool) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }

    fn visit_i64<E>(self, _: i64) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }

    fn visit_u64<E>(self, _: u64) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }

    fn visit_f64<E>(self, _: f64) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }

    fn visit_str<E>(self, _: &str) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }

    fn visit_unit<E>(self) -> Result<WithoutTwins, E> {
        Ok(WithoutTwins)
    }
}
