//! Waits that are longer than a queue delays a message. Such a wait is made of legs: each is a message that does nothing
//! but send the next, and the last one finds the attempt due.
//!
//! A leg decides nothing and writes nothing, so it may follow from a record that is out of date: whoever has written
//! the record since has sent a message of its own. One that is no longer needed goes on until the time that it knows of,
//! and then finds its claim refused.

use std::time::Duration;

use super::step::Effect;
use crate::message::{Delivery, Task};
use crate::retry::{MAX_MESSAGE_DELAY, share};
use crate::state::{FileState, Status};
use crate::time::Timestamp;

/// A message that is this much early counts as due, because queues count whole seconds and clocks differ.
pub(super) const EARLY: Duration = Duration::from_millis(1_500);

/// The message of an attempt that is due after this time, or the first leg to it. That leg is shorter than the others,
/// by up to half, so that files which failed together do not all come back together every quarter of an hour.
pub(super) fn send_after(delivery: Delivery, wait: Duration) -> Effect {
    let spread = match delivery.task {
        Task::Attempt(attempt) => share(delivery.delivery_id, attempt),
        Task::Check {} => 1.0,
    };
    send(
        delivery,
        wait,
        MAX_MESSAGE_DELAY.mul_f64(0.5 + 0.5 * spread),
    )
}

fn send(delivery: Delivery, wait: Duration, leg: Duration) -> Effect {
    let delivery = Box::new(delivery);
    if wait <= MAX_MESSAGE_DELAY {
        Effect::SendDelivery(delivery, wait)
    } else {
        Effect::SendLeg(delivery, leg)
    }
}

/// What follows from the message of an attempt that is not due yet: the next leg, or the last message. None if the
/// message is not such a one, and [`send_step`](super::send_step) decides.
#[must_use]
pub fn next_leg(message: &Delivery, state: &FileState, now: Timestamp) -> Option<Effect> {
    let open = state.delivery.as_ref()?;
    let is_its = open.delivery_id == message.delivery_id
        && open.outcome.is_none()
        && (message.stage_id, message.workflow_id) == (open.stage_id, state.workflow_id)
        && message.task == Task::Attempt(open.attempt);
    let wait = now.until(open.next_at);
    if !is_its || state.status != Status::Queued || wait <= EARLY {
        return None;
    }
    let again = message.for_attempt(open.attempt);
    Some(send(again, wait, MAX_MESSAGE_DELAY))
}

/// The most messages that a wait of this length takes: the first leg is at least half as long as the others.
#[must_use]
pub fn legs_of(wait: Duration) -> u32 {
    if wait <= MAX_MESSAGE_DELAY {
        return 1;
    }
    let after_first = wait.saturating_sub(MAX_MESSAGE_DELAY / 2);
    let more = after_first
        .as_millis()
        .div_ceil(MAX_MESSAGE_DELAY.as_millis());
    u32::try_from(more).unwrap_or(u32::MAX).saturating_add(1)
}
