//! The deployed functions on the emulator, with faults between them and what they stand on: a proxy
//! throttles, loses and repeats their requests; a sender is killed; the emulator restarts. And with receivers in
//! trouble, or held back by an operator.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod crash;
#[path = "../aws/emulator.rs"]
mod emulator;
mod lost;
mod outage;
mod paused;
mod proxy;
mod receiver;
mod requests;
mod restart;
mod scene;
mod throttled;
mod twice;
mod upgrade;
