//! Deterministic simulation of the whole pipeline.
//!
//! The real handlers run over simulated ports, a virtual clock and one seed. Every port call is a place
//! where a task can be interrupted, fail before or after its effect, or die. The checker of
//! [`check`] watches the effects and decides the invariants of ARCHITECTURE.md.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod check;

mod by_hand;
mod dice;
mod faults;
mod invocation;
mod outage;
mod ports;
mod run;
mod scenario;
mod shrink;
mod witness;
mod world;

pub use faults::{Break, Faults};
pub use run::{Report, Variant, simulate, traced};
pub use shrink::shortest;
