//! The formats of what is stored and sent, so that an upgrade, and going back from it, loses no file on its way.
//!
//! Functions of two versions run side by side during a deployment, and a record outlives many of them. A format
//! that this version does not know is an error of its own, [`Newer`]: the message is put back and waits for a
//! version that knows it. It is never taken for damage, which would make its file fail.
//!
//! A field that older versions may ignore, and may lose when they write the record again, needs no new format.
//! Anything else does: a new value of an enum (a reason, a status, a task), a field that changes what must be
//! done, another meaning. `tests/format.rs` has what format 1 can say.

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::error::LOOK_AGAIN;
use crate::error::{PortError, PortErrorKind};

/// The field that has the format, from 2 on; without it the format is 1. In every format, what is stored or sent
/// is a JSON object with this field at its top.
const FIELD: &str = "format_version";

/// What most of what is stored or sent has room in, so that it does not move while it is written.
const USUAL_LENGTH: usize = 1024;

/// Something that has a format.
pub trait Formatted {
    /// What it is, for people.
    const WHAT: &'static str;
    /// The newest format that this version reads.
    const FORMAT: u64;

    /// The format in which this is written: the first that can say it, so that earlier versions can read all that they
    /// would understand.
    fn format(&self) -> u64 {
        1
    }
}

impl<T: Formatted> Formatted for &T {
    const WHAT: &'static str = T::WHAT;
    const FORMAT: u64 = T::FORMAT;

    fn format(&self) -> u64 {
        T::format(self)
    }
}

/// Something was written by a later version, in a format that this one does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} has format {found}, and this version knows {known}: update webhook-stage")]
pub struct Newer {
    /// What it is.
    pub what: &'static str,
    /// Its format.
    pub found: u64,
    /// The newest format that this version knows.
    pub known: u64,
}

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// Only by a later version.
    #[error(transparent)]
    Newer(#[from] Newer),
    /// It is damaged, or something else.
    #[error(transparent)]
    Unreadable(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct Mark {
    format_version: Value,
}

/// Checks the format of a JSON object before its other fields are read.
///
/// # Errors
/// [`Newer`] when this version does not know it.
pub fn check<T: Formatted>(fields: &Map<String, Value>) -> Result<(), Newer> {
    known::<T>(fields.get(FIELD))
}

fn known<T: Formatted>(format: Option<&Value>) -> Result<(), Newer> {
    let found = format.and_then(Value::as_u64).unwrap_or(1);
    let (what, known) = (T::WHAT, T::FORMAT);
    (found <= known)
        .then_some(())
        .ok_or(Newer { what, found, known })
}

/// Reads what was stored or sent.
///
/// # Errors
/// [`FormatError`] that tells a later version's work from damage.
pub fn read<T: Formatted + DeserializeOwned>(json: &str) -> Result<T, FormatError> {
    // Hardly any has the field, and an inline document may be large.
    if json.contains(FIELD)
        && let Ok(mark) = serde_json::from_str::<Mark>(json)
    {
        known::<T>(Some(&mark.format_version))?;
    }
    Ok(serde_json::from_str(json)?)
}

/// The same for an engine.
///
/// # Errors
/// [`PortErrorKind::Newer`] or [`PortErrorKind::Corrupt`].
pub fn read_stored<T: Formatted + DeserializeOwned>(
    what: &'static str,
    json: &str,
) -> Result<T, PortError> {
    read(json).map_err(|error| match error {
        FormatError::Newer(newer) => newer.into_port_error(what),
        FormatError::Unreadable(error) => PortError::caused(PortErrorKind::Corrupt, what, error),
    })
}

impl Newer {
    /// The error of an engine that was asked for this.
    #[must_use]
    pub fn into_port_error(self, what: &'static str) -> PortError {
        PortError::caused(PortErrorKind::Newer, what, self)
    }
}

/// Names the format in the fields to be written, unless it is the first.
pub fn mark<T: Formatted>(fields: &mut Map<String, Value>, value: &T) {
    if value.format() > 1 {
        fields.insert(FIELD.to_owned(), value.format().into());
    }
}

/// Writes what is to be stored or sent.
///
/// # Errors
/// [`serde_json::Error`], which no type of this crate causes.
pub fn write<T: Formatted + Serialize>(value: &T) -> serde_json::Result<String> {
    if value.format() == 1 {
        let mut written = Vec::with_capacity(USUAL_LENGTH);
        serde_json::to_writer(&mut written, value)?;
        return String::from_utf8(written).map_err(serde_json::Error::custom);
    }
    let mut written = serde_json::to_value(value)?;
    if let Some(fields) = written.as_object_mut() {
        mark(fields, value);
    }
    Ok(written.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Old {
        number: u8,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct New {
        words: String,
    }

    impl Formatted for Old {
        const WHAT: &'static str = "thing";
        const FORMAT: u64 = 1;
    }

    impl Formatted for New {
        const WHAT: &'static str = "thing";
        const FORMAT: u64 = 2;

        fn format(&self) -> u64 {
            2
        }
    }

    #[test]
    fn the_format_is_written_from_the_second_on() {
        assert_eq!(write(&Old { number: 1 }).unwrap(), r#"{"number":1}"#);
        let words = "w".to_owned();
        let json = write(&New { words }).unwrap();
        let expected = serde_json::json!({"format_version": 2, "words": "w"});
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected);
        assert_eq!(read::<New>(&json).unwrap().words, "w");
    }

    #[test]
    fn a_newer_format_is_not_taken_for_damage() {
        for newer in [
            r#"{"format_version":2,"words":"w"}"#,
            // It may even look as if it could be read.
            r#"{"number":1,"format_version":2}"#,
            r#"{"number":1,"format_version":18446744073709551615}"#,
        ] {
            let error = read_stored::<Old>("read a thing", newer).unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Newer, "{newer}");
        }
        for damaged in [
            "",
            "format_version",
            r#"{"format_version":1}"#,
            r#"{"format_version":2"#,
        ] {
            let error = read_stored::<Old>("read a thing", damaged).unwrap_err();
            assert_eq!(error.kind, PortErrorKind::Corrupt, "{damaged}");
        }
        let error = read::<Old>(r#"{"format_version":3}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the thing has format 3, and this version knows 1: update webhook-stage"
        );
    }

    /// Producers may send fields of their own.
    #[test]
    fn what_is_no_format_is_ignored() {
        for field in ["\"v2\"", "null", "-2", "2.5", "[2]", "1", "0"] {
            let json = format!(r#"{{"number":1,"format_version":{field}}}"#);
            assert_eq!(read::<Old>(&json).unwrap(), Old { number: 1 }, "{json}");
        }
        let inside = r#"{"number":1,"document":{"format_version":2}}"#;
        assert_eq!(read::<Old>(inside).unwrap(), Old { number: 1 });
    }
}
