//! What the tests of this workspace share: the contract of the ports, and what must hold for foreign input. The
//! checker of the invariants is in the package `simulation`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod contract;
#[cfg(feature = "inputs")]
pub mod inputs;
