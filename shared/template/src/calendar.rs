//! Seconds since 1970 and dates in UTC. No other file knows chrono, which is there because `oauth2` has it.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, SecondsFormat, Utc};

/// A date of the years 0 to 9999.
pub(crate) fn utc(seconds: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds, 0).filter(|time| (0..=9999).contains(&time.year()))
}

/// A time as in RFC 3339, such as `2026-09-21T14:13:20Z`. One beyond the calendar is its beginning.
pub(crate) fn rfc_3339(seconds: i64) -> String {
    utc(seconds)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Of a date or time as in RFC 3339.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    const DATE: usize = "2026-09-21".len();
    if text.len() == DATE {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        return Some(date.and_time(NaiveTime::MIN).and_utc().timestamp());
    }
    Some(DateTime::parse_from_rfc3339(text).ok()?.timestamp())
}
