//! Runs the functions until every file is at rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use delivery::ports::{PortError, PortErrorKind, ScanSegment, Unfinished};
use delivery::{FileKey, FileState};
use embedded::Engine;
use sender::Settings;
use webhook::{CallerConfig, WebhookCaller};

use crate::cli::CallArgs;
use crate::error::Error;
use crate::limits;
use crate::output::say;
use crate::pollers::{PollSettings, Pollers};
use crate::ports::Local;
use crate::progress::Progress;

/// The longest call on one machine: the longest timeout that a stage may ask for.
const LONGEST_CALL: Duration = workflow::MAX_TIMEOUT;

/// How often to check whether anything is left to do.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for a disk that refuses writes before the run ends with an error.
const DISK_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the functions until nothing is left on the queues. Returns false when a person stopped it; what is
/// left stays in the state directory.
pub(crate) async fn drain(
    engine: &Engine,
    calls: &CallArgs,
    progress: Arc<Progress>,
) -> Result<bool, Error> {
    let concurrency = limits::calls(calls.concurrency);
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: calls.allow_network.clone(),
        idle_connections: concurrency,
        ..CallerConfig::default()
    })?;
    let ports = Local::new(engine.clone(), caller, progress);
    let sender = Settings {
        longest_call: LONGEST_CALL,
        ..Settings::default()
    };
    let pollers = Pollers::start(
        &ports,
        PollSettings {
            concurrency,
            sender,
        },
    );
    let finished = tokio::select! {
        idle = idle(engine) => idle.map(|()| true),
        () = interrupted() => Ok(false),
    };
    if matches!(finished, Ok(false)) {
        say!("stopping once the calls under way have finished; press Ctrl-C again to stop at once");
        tokio::select! {
            () = pollers.stop() => {}
            () = interrupted() => {}
        }
    } else {
        pollers.stop().await;
    }
    Ok(finished?)
}

/// Whether an earlier command that was interrupted left files on their way; says so. Every command that
/// runs the functions continues them, because nothing else does.
pub(crate) async fn is_under_way(engine: &Engine) -> Result<bool, PortError> {
    let under_way = !engine.is_idle().await?;
    if under_way {
        say!("an earlier command left files on their way; they are continued as well");
    }
    Ok(under_way)
}

/// Says how to go on after a person stopped the work.
pub(crate) fn say_stopped() {
    say!("stopped; give the same command again to continue where it stopped");
}

/// Every file that is not at rest.
pub(crate) async fn under_way(engine: &Engine) -> Result<Vec<FileState>, PortError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = engine
            .unfinished(ScanSegment::ALL, after.as_deref())
            .await?;
        // A record that cannot be read is reported by `audit`.
        found.extend(page.rows.into_iter().flatten().map(|file| file.state));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// The keys of the files that the records belong to.
pub(crate) fn keys_of(states: Vec<FileState>) -> Vec<FileKey> {
    states.into_iter().map(|state| state.key).collect()
}

async fn idle(engine: &Engine) -> Result<(), PortError> {
    let mut since = None;
    loop {
        match engine.is_idle().await {
            Ok(true) => return Ok(()),
            Ok(false) => since = None,
            // The check shares its commit with other writes, and fails when one of them does.
            Err(error) => {
                let since = *since.get_or_insert_with(Instant::now);
                if error.kind != PortErrorKind::Unavailable || since.elapsed() > DISK_PATIENCE {
                    return Err(error);
                }
            }
        }
        if let Some(fault) = engine.fault(DISK_PATIENCE) {
            return Err(fault);
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

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
