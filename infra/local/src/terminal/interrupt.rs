//! A person, or the system, asks the process to stop.

use super::output::say;

/// Completes when a person or the system asks the process to stop, by Ctrl-C or a signal.
pub(crate) async fn interrupted() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}

/// Says how to go on after a person stopped the work.
pub(crate) fn say_stopped() {
    say!("stopped; give the same command again to continue where it stopped");
}
