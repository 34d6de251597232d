use std::time::{Duration, SystemTime};

use crate::time::Timestamp;

/// The receiver's `Retry-After`, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// Delay in seconds.
    Seconds(u64),
    /// A point in time.
    Date(Timestamp),
}

impl RetryAfter {
    /// Reads a header value: seconds, or an HTTP date (RFC 9110, 10.2.3). Fractions of a second, which the RFC
    /// does not allow but some receivers send, are rounded up. Any other value gives none.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        seconds(value)
            .map(Self::Seconds)
            .or_else(|| http_date(value).map(Self::Date))
    }

    /// Interprets a point in time by the receiver's own clock: it becomes the seconds from `date`, the answer's
    /// `Date` header, until then. If `date` cannot be read, nothing changes.
    #[must_use]
    pub fn by_clock_of_receiver(self, date: &str) -> Self {
        match (self, http_date(date.trim())) {
            (Self::Date(at), Some(now)) => Self::Seconds(
                now.until(at)
                    .as_millis()
                    .div_ceil(1000)
                    .try_into()
                    .unwrap_or(u64::MAX),
            ),
            (hint, _) => hint,
        }
    }

    /// How long, from `now`, the receiver does not want to be called.
    #[must_use]
    pub fn from(self, now: Timestamp) -> Duration {
        match self {
            Self::Seconds(seconds) => Duration::from_secs(seconds),
            Self::Date(date) => now.until(date),
        }
    }
}

fn seconds(value: &str) -> Option<u64> {
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).peekable();
    digits.peek()?;
    if !digits.all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|digit| digit != b'0'));
    let whole = match whole {
        "" => 0,
        // This fails only for a number that is too large.
        digits => digits.parse().unwrap_or(u64::MAX),
    };
    Some(whole.saturating_add(begun))
}

fn http_date(value: &str) -> Option<Timestamp> {
    let date: SystemTime = httpdate::parse_http_date(value).ok()?;
    Some(date.into())
}
