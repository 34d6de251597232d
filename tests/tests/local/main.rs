//! The program on one machine under what machines do to it: killed, out of space, its file damaged. The
//! invariants are decided by the checker that judges the simulation.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod damaged;
#[path = "../aws/emulator.rs"]
mod emulator;
mod full;
mod killed;
#[path = "../faults/receiver.rs"]
mod receiver;
mod scene;
