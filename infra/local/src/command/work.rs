use std::sync::Arc;

use super::INTERRUPTED;
use crate::backend::allowed_networks::allowed;
use crate::backend::directory::Directory;
use crate::cli::CallArgs;
use crate::error::Error;
use crate::runner::drain::{Drained, drain};
use crate::terminal::interrupt::say_stopped;
use crate::terminal::progress::Progress;

/// Runs the functions until nothing is left to do, and shows progress over this many files.
pub(super) async fn work(
    directory: &Directory,
    calls: &CallArgs,
    files: usize,
) -> Result<Drained, Error> {
    let calls = allowed(directory, calls)?;
    let progress = Arc::new(Progress::new(files.try_into().unwrap_or(0)));
    let finished = drain(directory, &calls, Arc::clone(&progress)).await?;
    progress.finish();
    Ok(finished)
}

/// Says how to go on after a person stopped the work, and returns the exit code.
pub(super) fn stopped() -> u8 {
    say_stopped();
    INTERRUPTED
}
