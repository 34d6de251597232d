use delivery::ports::{FileStates, PortError};
use delivery::{FileKey, FileState, Reason};

use super::waiting::PausedHere;
use super::{ERROR, PAUSED, SOME_FAILED, SUCCESS};
use crate::backend::directory::Directory;
use crate::terminal::hint::say_refused;
use crate::terminal::output::{argument, say};
use crate::terminal::report::counted;

/// Called once nothing is left on the queues: says what went wrong with the files that a command continued,
/// and returns the exit code.
pub(super) async fn settled(directory: &Directory, keys: Vec<FileKey>) -> Result<u8, PortError> {
    let mut failed: Vec<FileState> = Vec::new();
    let paused = PausedHere::read(directory).await?;
    let (mut left, mut waiting) = (0, 0);
    for key in keys {
        match directory.get(&key).await? {
            Some(state) if state.is_failed_at_rest() => failed.push(state),
            Some(state) if state.status.is_at_rest() => {}
            Some(state) if paused.has(&state) => waiting += 1,
            Some(_) | None => left += 1,
        }
    }
    let state = argument(&directory.path().to_string_lossy());
    if !failed.is_empty() {
        say!(
            "{} failed; to list them: webhook-stage status --state {state} --failed",
            counted(failed.len(), "file")
        );
    }
    let reason = |state: &&FileState| state.delivery.as_ref().and_then(|last| last.reason);
    let mut refused = failed.iter();
    if let Some(file) = refused.find(|state| reason(state) == Some(Reason::ForbiddenAddress)) {
        say_refused(directory, &file.key).await?;
    }
    if left > 0 {
        report_unfinished(directory, left);
        return Ok(ERROR);
    }
    if waiting > 0 {
        paused.say(directory).await?;
        return Ok(PAUSED);
    }
    Ok(if failed.is_empty() {
        SUCCESS
    } else {
        SOME_FAILED
    })
}

/// Reports files that are not at rest although nothing is left on the queues.
pub(super) fn report_unfinished(directory: &Directory, files: usize) {
    let state = argument(&directory.path().to_string_lossy());
    say!(
        "{} not finished: `webhook-stage audit --state {state}` finds stuck files, `webhook-stage redrive --state {state}` assigns parked ones again",
        counted(files, "file")
    );
}
