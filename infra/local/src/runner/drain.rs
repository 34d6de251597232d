//! Runs the functions until every file is at rest.

use std::sync::Arc;
use std::time::{Duration, Instant};

use delivery::ports::{PortError, PortErrorKind, Receive};

use crate::backend::directory::Directory;
use crate::backend::stages::stages;
use crate::cli::CallArgs;
use crate::error::Error;
use crate::runner::long_wait::LongWait;
use crate::runner::ports::{Local, Watch};
use crate::runner::start::start;
use crate::terminal::interrupt::interrupted;
use crate::terminal::output::say;
use crate::terminal::progress::Progress;

/// How often to check whether anything is left to do.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// How long to wait for a disk that refuses writes before the run ends with an error.
pub(crate) const DISK_PATIENCE: Duration = Duration::from_secs(10);

/// How a run of the functions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Nothing is left on the queues.
    AtRest,
    /// Only deliveries of paused stages are left.
    Paused,
    /// A person stopped it. What is left stays in the state directory.
    Stopped,
}

/// Runs the functions until nothing is left on the queues but what waits in paused stages.
pub(crate) async fn drain(
    directory: &Directory,
    calls: &CallArgs,
    progress: Arc<Progress>,
) -> Result<Drained, Error> {
    let (ports, pollers) = start(directory, calls, Arc::clone(&progress) as Watch).await?;
    let stages = stages(directory).await?.into_iter();
    progress.name_stages(stages.map(|stage| (stage.key.stage_id, stage.name)));
    let finished = tokio::select! {
        idle = idle(&ports) => idle,
        () = interrupted() => Ok(Drained::Stopped),
    };
    if matches!(finished, Ok(Drained::Stopped)) {
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

async fn idle(ports: &Local) -> Result<Drained, PortError> {
    let engine = ports.engine();
    let mut since = None;
    let mut wait = LongWait::default();
    loop {
        let looked = match is_idle(ports).await {
            Ok(Some(drained)) => return Ok(drained),
            Ok(None) => wait.look(engine).await,
            Err(error) => Err(error),
        };
        match looked {
            Ok(()) => since = None,
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

/// How the run has ended; none if there is something left to do.
async fn is_idle(ports: &Local) -> Result<Option<Drained>, PortError> {
    let engine = ports.engine();
    let paused = ports.paused().read(engine).await?;
    if !engine.is_idle(&paused).await? {
        return Ok(None);
    }
    let is_at_rest = paused.is_empty() || engine.is_idle(&[]).await?;
    Ok(Some(if is_at_rest {
        Drained::AtRest
    } else {
        Drained::Paused
    }))
}
