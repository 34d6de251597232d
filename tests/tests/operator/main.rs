//! What an operator does to a deployment, on the emulator: the README's walk-through, the audit, events for
//! others, and what functions ask of AWS meanwhile.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod audit;
mod calls;
#[path = "../aws/emulator.rs"]
mod emulator;
mod events;
mod walkthrough;

use tokio::sync::{Mutex, MutexGuard};

/// They look at all of the deployment, or change it.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}
