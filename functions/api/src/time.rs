use chrono::{DateTime, SecondsFormat, Utc};
use delivery::Timestamp;

/// A time as V7 writes it: RFC 3339, in UTC.
pub(crate) fn written(time: Timestamp) -> String {
    let time: DateTime<Utc> = DateTime::from_timestamp_millis(time.as_millis()).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Reads a time as RFC 3339 has it, with any offset.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from_millis(time.timestamp_millis()))
}
