//! A clock that stands still while the records age.
//!
//! The machine compares times with now and does nothing else with them, so only three facts about a
//! record's times matter: whether its retry is due, how many more messages its wait takes, and whether its lease is over.
//! Letting time pass therefore only moves the lease into the past, and the retry into the past or nearer by a message's
//! longest delay; worlds that differ only in when things happened are the same world.

use std::time::Duration;

use delivery::retry::MAX_MESSAGE_DELAY;
use delivery::{FileState, Timestamp};

use super::fact::Fact;

/// Now, for ever.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

/// The timeout of the stages here.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// What has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Passed {
    /// The delay of a message.
    Delay,
    /// Any lease, any delay, and the visibility of any message.
    Lease,
}

/// The record after that time.
pub(crate) fn aged(record: &Fact<FileState>, passed: Passed) -> Fact<FileState> {
    let Some(delivery) = &record.delivery else {
        return record.clone();
    };
    let is_due = delivery.next_at <= NOW;
    let is_over = passed == Passed::Delay || delivery.lease_until.is_none_or(|until| until < NOW);
    if is_due && is_over {
        return record.clone();
    }
    let mut aged = FileState::clone(record);
    if let Some(delivery) = aged.delivery.as_mut() {
        delivery.next_at = nearer(delivery.next_at);
        if !is_over {
            delivery.lease_until = Some(past());
        }
    }
    Fact::new(aged)
}

fn nearer(at: Timestamp) -> Timestamp {
    let left = NOW.until(at).saturating_sub(MAX_MESSAGE_DELAY);
    if left.is_zero() {
        return at.min(NOW);
    }
    NOW.plus(left)
}

/// The end of a lease that is over.
pub(crate) const fn past() -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() - 1)
}
