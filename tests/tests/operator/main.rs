//! What an operator does to a deployment, on the emulator: the README's walk-through, and the audit.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod audit;
#[path = "../aws/emulator.rs"]
mod emulator;
mod walkthrough;

use tokio::sync::{Mutex, MutexGuard};

/// Both look at all of the deployment.
async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}
