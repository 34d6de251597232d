use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The trace that a file's calls belong to, as of W3C Trace Context (<https://www.w3.org/TR/trace-context/>): the
/// producer's, where the assignment has one, or one that begins with the file's first delivery. It stays the same
/// across retries and along the edges from one Webhook stage to the next.
///
/// In records it is the trace id as a UUID, which is stored in few bytes, with `-00` after it if it is not sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    id: TraceId,
    is_sampled: bool,
}

/// A trace's id, written as 32 lowercase hex digits. Never zero, which the standard forbids.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceId(Uuid);

/// The header `traceparent` of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    trace: Trace,
    parent_id: u64,
}

/// What follows the trace id in a record if the trace is not sampled.
const NOT_SAMPLED: &str = "-00";

/// The flag that says that the caller may have recorded the trace.
const SAMPLED: u8 = 1;

impl Trace {
    /// The trace that begins with this delivery. It costs no bytes in the record.
    ///
    /// It is sampled: a receiver that decides by the caller's flag would otherwise drop its own traces of every
    /// call, although nobody has decided against them.
    #[must_use]
    pub const fn begun_by(delivery_id: Uuid) -> Self {
        let is_zero = delivery_id.is_nil();
        Self {
            id: TraceId(if is_zero { Uuid::max() } else { delivery_id }),
            is_sampled: true,
        }
    }

    /// Its id.
    #[must_use]
    pub const fn id(self) -> TraceId {
        self.id
    }

    /// The header of the call that the claim `claim_id` is for. Claim ids are random, and so differ by attempt.
    #[must_use]
    pub fn call(self, claim_id: Uuid) -> Traceparent {
        let (first, second) = claim_id.as_u64_pair();
        Traceparent {
            trace: self,
            parent_id: [first, second].into_iter().find(|id| *id > 0).unwrap_or(1),
        }
    }

    /// Reads a `traceparent`. None if it is not valid: the standard says to ignore it and to begin a new trace.
    ///
    /// Of a later version only what this one knows is read. Of the flags only `sampled` is kept, because the
    /// standard says to pass on no others. The parent id is not kept: each call has its own.
    #[must_use]
    pub fn of_traceparent(text: &str) -> Option<Self> {
        let (version, rest) = (hex(text, 0, 2)?, text.get(2..)?);
        let (id, parent, flags) = (hex(rest, 1, 32)?, hex(rest, 34, 16)?, hex(rest, 51, 2)?);
        let hyphens = [0, 33, 50].iter().all(|at| rest.as_bytes()[*at] == b'-');
        let is_whole = match version {
            0xff => false,
            0 => rest.len() == 53,
            _ => rest.len() == 53 || rest.as_bytes()[53] == b'-',
        };
        (hyphens && is_whole && id > 0 && parent > 0).then(|| Self {
            id: TraceId(Uuid::from_u128(id)),
            is_sampled: flags & u128::from(SAMPLED) > 0,
        })
    }
}

/// Lowercase hex digits from this place on.
fn hex(text: &str, from: usize, digits: usize) -> Option<u128> {
    let found = text.get(from..from + digits)?;
    let is_lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let found = found.bytes().all(is_lower).then_some(found)?;
    u128::from_str_radix(found, 16).ok()
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.simple().fmt(f)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flags = if self.trace.is_sampled { SAMPLED } else { 0 };
        write!(
            f,
            "00-{}-{:016x}-{flags:02x}",
            self.trace.id, self.parent_id
        )
    }
}

/// The text is not a trace as records have it.
#[derive(Debug, thiserror::Error)]
#[error("not a trace: a UUID other than zero, with {NOT_SAMPLED} after it if it is not sampled")]
pub struct InvalidTrace;

impl FromStr for Trace {
    type Err = InvalidTrace;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not_sampled = text.strip_suffix(NOT_SAMPLED);
        let id = Uuid::try_parse(not_sampled.unwrap_or(text)).map_err(|_| InvalidTrace)?;
        if id.is_nil() {
            return Err(InvalidTrace);
        }
        Ok(Self {
            id: TraceId(id),
            is_sampled: not_sampled.is_none(),
        })
    }
}

impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mark = if self.is_sampled { "" } else { NOT_SAMPLED };
        serializer.collect_str(&format_args!("{}{mark}", self.id.0))
    }
}

impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The trace in a message, in the standard's form. The parent id is only there to make it whole.
pub(crate) mod in_message {
    use serde::{Deserialize, Deserializer, Serializer};
    use serde_json::Value;

    use super::Trace;

    #[expect(clippy::ref_option, reason = "serde calls it with a reference")]
    pub(crate) fn serialize<S: Serializer>(
        trace: &Option<Trace>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match trace {
            Some(trace) => serializer.collect_str(&trace.call(trace.id.0)),
            None => serializer.serialize_none(),
        }
    }

    /// Whatever is there instead, be it no text: a producer's tracing must never keep a file from its stage.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Trace>, D::Error> {
        let found = Value::deserialize(deserializer)?;
        Ok(found.as_str().and_then(Trace::of_traceparent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard.
    const VALID: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_call_is_part_of_the_producers_trace() {
        for (given, flags) in [
            (VALID.to_owned(), "01"),
            (VALID.replace("-01", "-00"), "00"),
            // Flags that this version does not know are not passed on.
            (VALID.replace("-01", "-ff"), "01"),
            (VALID.replace("-01", "-02"), "00"),
            // A later version.
            (VALID.replacen("00-", "cc-", 1), "01"),
            (
                format!("{}-what-is-new", VALID.replacen("00-", "01-", 1)),
                "01",
            ),
        ] {
            let trace = Trace::of_traceparent(&given).unwrap_or_else(|| panic!("{given}"));
            let call = trace.call(Uuid::from_u128(0xabc << 64)).to_string();
            let expected = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000abc-{flags}");
            assert_eq!(call, expected, "{given}");
        }
    }

    #[test]
    fn what_the_standard_does_not_allow_is_ignored() {
        for invalid in [
            "".to_owned(),
            "00".to_owned(),
            VALID.to_uppercase(),
            VALID.replacen("00-", "ff-", 1),
            VALID.replace('-', "_"),
            VALID.replace("-01", "+01"),
            VALID.replace("-01", "-1"),
            VALID.replace("-01", "-+1"),
            format!(" {VALID}"),
            format!("{VALID} "),
            format!("{VALID}-"),
            format!("{}x", VALID.replacen("00-", "01-", 1)),
            VALID.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            VALID.replace("00f067aa0ba902b7", &"0".repeat(16)),
            VALID.replace("4bf9", "4bfg"),
            VALID.replace("4bf9", "4b\u{e9}"),
            VALID.replace("4bf9", "+bf9"),
        ] {
            assert_eq!(Trace::of_traceparent(&invalid), None, "{invalid}");
        }
    }

    #[test]
    fn neither_id_is_ever_zero() {
        let begun = Trace::begun_by(Uuid::nil()).call(Uuid::nil()).to_string();
        assert!(Trace::of_traceparent(&begun).is_some(), "{begun}");
        let half = Trace::begun_by(Uuid::from_u128(5)).call(Uuid::from_u128(7));
        assert_eq!(
            half.to_string(),
            "00-00000000000000000000000000000005-0000000000000007-01"
        );
    }

    #[test]
    fn records_give_back_what_they_were_given() {
        for given in [VALID.to_owned(), VALID.replace("-01", "-00")] {
            let trace = Trace::of_traceparent(&given).unwrap();
            let json = serde_json::to_string(&trace).unwrap();
            assert_eq!(
                serde_json::from_str::<Trace>(&json).unwrap(),
                trace,
                "{json}"
            );
        }
        for damaged in [
            r#""""#,
            r#""-00""#,
            "1",
            r#""00000000-0000-0000-0000-000000000000""#,
        ] {
            assert!(serde_json::from_str::<Trace>(damaged).is_err(), "{damaged}");
        }
    }
}
