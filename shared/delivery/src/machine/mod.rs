//! Decides what to do next, from the state record and a message. Pure: no clock, no randomness, no I/O.
//!
//! A decision that changes the file contains the whole new record, to be written only if the record is
//! still the one that the decision was made from. A decision that finds its own earlier effect says what to
//! send again. So every step may be repeated (invariant 2).

mod attempt;
mod close;
mod dead_letter;
mod dispatch;
mod ids;
mod pending;
mod redrive;
mod send;

pub use attempt::{NextStep, RecordedAttempt, record_attempt};
pub use close::{Closed, HOP_LIMIT, announcement_of, close};
pub use dead_letter::{DeadLetterDecision, decide_dead_letter, decide_dead_letter_assignment};
pub use dispatch::{DispatchDecision, decide_dispatch, first_message};
pub use ids::{next_visit_id, visit_id_of};
pub use pending::{Pending, PendingMessage, pending};
pub use redrive::redrive;
pub use send::{SendDecision, claim, decide_send};
