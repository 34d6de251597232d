//! The use-cases carry out the machine's decisions over the ports, in an order in which a crash at any point
//! loses nothing.
//!
//! Each takes one message, and returns `Ok` if the message may be acknowledged, or a [`Fault`] if it must stay
//! on its queue (invariant 1).

mod audit;
mod dead_letter;
mod dispatch;
mod document_offload;
mod exit;
mod fault;
mod send;
mod write;

pub use crate::audit::{Audit, Stuck};
pub use audit::{AuditSettings, audit};
pub use dead_letter::{DeadLettered, dead_letter, dead_letter_assignment, park};
pub use dispatch::{Dispatched, dispatch};
pub use fault::Fault;
pub use send::{DEFAULT_TIMEOUT, LEASE_MARGIN, Limits, START_MARGIN, Sent, send};
