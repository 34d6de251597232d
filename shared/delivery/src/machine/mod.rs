//! Decides what to do next, from the state record and a message. Pure: no clock, no randomness, no I/O.
//!
//! The answer is a [`Step`]: usually a list of [`Effect`]s, which the use-cases carry out in exactly this order.
//! A write is done only if the record is still the one that the step was decided from. A step that finds its own
//! earlier effect repeats what may be missing after it, so every step may be repeated (invariant 2).

mod after_call;
mod by_hand;
mod dead_letter;
mod dispatch;
mod exit;
mod ids;
mod legs;
mod pending;
mod redrive;
mod send;
mod step;

pub use after_call::record_attempt;
pub use by_hand::{again, along, first_assignment};
pub use dead_letter::{DeadLettered, dead_letter_assignment_step, dead_letter_step};
pub use dispatch::{Dispatched, archive_of, dispatch_step, first_message};
pub use exit::{Closed, HOP_LIMIT, announcement_of, close};
pub use ids::{next_visit_id, visit_id_of};
pub use legs::{legs_of, next_leg};
pub use pending::{Pending, PendingMessage, pending};
pub use redrive::redrive;
pub use send::{Gate, SenderStep, Sent, claim, put_off_after_call, send_step};
pub use step::{Effect, FromHistory, OnConflict, Report, Step};
