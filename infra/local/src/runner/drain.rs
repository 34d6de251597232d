//! Runs the functions until every file is at rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use delivery::ports::{PortError, PortErrorKind, Receive};
use sender::Settings;
use webhook::{CallerConfig, WebhookCaller};

use crate::backend::directory::Directory;
use crate::cli::CallArgs;
use crate::error::Error;
use crate::runner::open_files;
use crate::runner::poller::{PollSettings, Pollers};
use crate::runner::ports::Local;
use crate::terminal::interrupt::interrupted;
use crate::terminal::output::say;
use crate::terminal::progress::Progress;

/// The longest call on one machine: the longest timeout that a stage may ask for.
const LONGEST_CALL: Duration = workflow::MAX_TIMEOUT;

/// How often to check whether anything is left to do.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for a disk that refuses writes before the run ends with an error.
const DISK_PATIENCE: Duration = Duration::from_secs(10);

/// Runs the functions until nothing is left on the queues. Returns false when a person stopped it; what is
/// left stays in the state directory.
pub(crate) async fn drain(
    directory: &Directory,
    calls: &CallArgs,
    progress: Arc<Progress>,
) -> Result<bool, Error> {
    let concurrency = open_files::calls(calls.concurrency);
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: calls.allow_network.clone(),
        idle_connections: concurrency,
        ..CallerConfig::default()
    })?;
    let ports = Local::new(directory.clone(), caller, progress);
    let sender = Settings {
        longest_call: LONGEST_CALL,
        lanes: false,
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
        idle = idle(directory) => idle.map(|()| true),
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

async fn idle(engine: &impl Receive) -> Result<(), PortError> {
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
