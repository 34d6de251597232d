//! The sender's use case on the embedded engine, with a receiver that gives one answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ports;
mod refused;
mod same_moment;
