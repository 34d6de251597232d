//! What the tests of this workspace share: the simulation, the checker of the invariants, the contract of the
//! ports, and what must hold
//! for foreign input.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod check;
pub mod contract;
#[cfg(feature = "inputs")]
pub mod inputs;
pub mod sim;
