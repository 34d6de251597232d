use std::time::Duration;

use workflow::Rate;

use super::StageControl;
use crate::time::Timestamp;

/// Times are given out at this share of the rate, in per mille: messages arrive up to about a second after their time
/// (SQS counts whole seconds), so that 10 s may see the calls of 11.29 s ([`EARLY`] and [`LATE`]). That is 4.4 % above the
/// rate; the rest is for rounding.
const SHARE: u32 = 925;

/// A call may be this much later than its time. One that comes later gets a new time, because many late ones
/// together would exceed the rate.
const LATE: Duration = Duration::from_millis(1_250);

/// A call may be this much earlier than its time: less than it takes to put it off.
pub(super) const EARLY: Duration = Duration::from_millis(40);

/// The time from one call to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(pub(super) Duration);

impl Pace {
    /// The pace that keeps to a rate.
    pub(super) fn of(rate: Rate) -> Self {
        Self(rate.interval() * 1000 / SHARE)
    }

    /// The slower of two.
    pub(super) fn slower(self, other: Option<Self>) -> Self {
        Self(self.0.max(other.map_or(Duration::ZERO, |other| other.0)))
    }
}

/// Times for a batch of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reservation {
    first: Timestamp,
    pace: Pace,
}

impl Reservation {
    /// The times of this many calls that the record with this version reserved, after which `next` is the first time that
    /// is free.
    pub(crate) fn before(next: Timestamp, version: u64, pace: Pace, calls: u32) -> Self {
        let all = span(version, pace, calls);
        let first = Timestamp::from_millis(next.as_millis().saturating_sub(all));
        Self { first, pace }
    }

    /// The time of the call with this number, from 0.
    #[must_use]
    pub fn time(&self, number: u32) -> Timestamp {
        self.first.plus(self.pace.0 * number)
    }
}

/// How many milliseconds this many calls take. Records count whole milliseconds; so that the rest of each batch is not
/// lost, which would add up to several percent at high rates, every so often one takes a millisecond more, by the
/// record's version.
fn span(version: u64, pace: Pace, calls: u32) -> i64 {
    let nanos = (pace.0 * calls).as_nanos();
    let until = |version: u64| u128::from(version).saturating_mul(nanos) / 1_000_000;
    let millis = until(version).saturating_sub(until(version.saturating_sub(1)));
    i64::try_from(millis).unwrap_or(i64::MAX)
}

/// The record with times for `calls` more calls reserved, and these times.
#[must_use]
pub fn reserve(
    control: &StageControl,
    pace: Pace,
    calls: u32,
    now: Timestamp,
) -> (StageControl, Reservation) {
    let first = control.next_free.unwrap_or(now).max(now);
    let reservation = Reservation { first, pace };
    let next = control.next(now);
    let all = span(next.version, pace, calls);
    let next = StageControl {
        next_free: Some(Timestamp::from_millis(
            first.as_millis().saturating_add(all),
        )),
        ..next
    };
    (next, reservation)
}

/// Whether a call that was given this time may be made now.
pub(super) fn is_on_time(time: Timestamp, now: Timestamp) -> bool {
    now.until(time) <= EARLY && time.until(now) <= LATE
}
