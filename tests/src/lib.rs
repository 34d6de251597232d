//! What the tests of this workspace share: the simulation, and the contract of the ports.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod contract;
pub mod sim;
