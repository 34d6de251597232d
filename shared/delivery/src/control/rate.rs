use std::time::Duration;

use workflow::Rate;

use super::StageControl;
use crate::time::Timestamp;

/// Times are given out at this share of the rate, in percent: messages arrive up to about a second after their time
/// (SQS counts whole seconds), so that 10 s may see the calls of 11.2 s.
const SHARE: u32 = 93;

/// A call may be this much later than its time. One that comes later gets a new time, because many late ones
/// together would exceed the rate.
const LATE: Duration = Duration::from_millis(1_250);

/// A call may be this much earlier than its time: less than it takes to put it off.
pub(super) const EARLY: Duration = Duration::from_millis(100);

/// The time from one call to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace(pub(super) Duration);

impl Pace {
    /// The pace that keeps to a rate.
    pub(super) fn of(rate: Rate) -> Self {
        Self(rate.interval() * 100 / SHARE)
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
    /// The times of this many calls, after which `next` is the first time that is free.
    pub(crate) fn before(next: Timestamp, pace: Pace, calls: u32) -> Self {
        let all = i64::try_from((pace.0 * calls).as_millis()).unwrap_or(i64::MAX);
        let first = Timestamp::from_millis(next.as_millis().saturating_sub(all));
        Self { first, pace }
    }

    /// The time of the call with this number, from 0.
    #[must_use]
    pub fn slot(&self, number: u32) -> Timestamp {
        self.first.plus(self.pace.0 * number)
    }
}

/// The record with times for `calls` more calls reserved, and these times.
#[must_use]
pub fn reserve(
    control: &StageControl,
    pace: Pace,
    calls: u32,
    now: Timestamp,
) -> (StageControl, Reservation) {
    let first = control.next_slot.unwrap_or(now).max(now);
    let reservation = Reservation { first, pace };
    let next = StageControl {
        next_slot: Some(reservation.slot(calls)),
        ..control.next(now)
    };
    (next, reservation)
}

/// Whether a call that was given this time may be made now.
pub(super) fn is_on_time(slot: Timestamp, now: Timestamp) -> bool {
    now.until(slot) <= EARLY && slot.until(now) <= LATE
}
