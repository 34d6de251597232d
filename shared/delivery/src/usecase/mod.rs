//! The use-cases read a file's record, let the machine decide, and carry out the effects in the machine's order.
//!
//! Each takes one message, and returns `Ok` if the message may be acknowledged, or a [`Fault`] if it must stay
//! on its queue (invariant 1).

mod audit;
mod batch;
mod bulk;
mod carry_out;
mod control;
mod dead_letter;
mod dispatch;
mod document_offload;
mod fault;
mod file;
mod limits;
mod send;
mod stage;
mod write;

pub use audit::{AuditSettings, audit};
pub use batch::Batch;
pub use bulk::{Assigned, assign_many};
pub use control::operate_control;
pub use dead_letter::{dead_letter, dead_letter_assignment, park};
pub use dispatch::{Prepared, dispatch, finish, prepare};
pub use fault::Fault;
pub use limits::{DEFAULT_TIMEOUT, LEASE_MARGIN, Limits, START_MARGIN};
pub use send::send;

pub use crate::audit::{Audit, Stuck};
pub use crate::machine::{DeadLettered, Dispatched, Sent};
