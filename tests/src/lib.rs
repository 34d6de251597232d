//! What the tests of this workspace share: the simulation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

pub mod sim;
