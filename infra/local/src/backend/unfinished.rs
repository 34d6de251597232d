//! Files that are not at rest.

use delivery::ports::{PortError, ScanSegment, Unfinished};
use delivery::{FileKey, FileState};
use embedded::Engine;

use crate::terminal::output::say;

/// Whether files are on their way from an earlier command that was cut short; says so. Whatever a command
/// is about, it brings them on: nothing else does.
pub(crate) async fn is_under_way(engine: &Engine) -> Result<bool, PortError> {
    let under_way = !engine.is_idle().await?;
    if under_way {
        say!("files are on their way from an earlier command: they are brought on as well");
    }
    Ok(under_way)
}

/// Every file that is not at rest.
pub(crate) async fn under_way(engine: &Engine) -> Result<Vec<FileState>, PortError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = engine
            .unfinished(ScanSegment::ALL, after.as_deref())
            .await?;
        // A record that cannot be read is `audit`'s to report.
        found.extend(page.rows.into_iter().flatten().map(|file| file.state));
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// The files of records.
pub(crate) fn keys_of(states: Vec<FileState>) -> Vec<FileKey> {
    states.into_iter().map(|state| state.key).collect()
}
