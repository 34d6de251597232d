//! Files that are not at rest.

use delivery::ports::{PortError, Receive, ScanSegment, Unfinished};
use delivery::{FileKey, FileState};

use super::directory::Directory;
use crate::terminal::output::say;

/// Whether an earlier command that was interrupted left files on their way; says so. Every command that
/// runs the functions continues them, because nothing else does.
pub(crate) async fn is_under_way(directory: &Directory) -> Result<bool, PortError> {
    let under_way = !directory.is_idle(&[]).await?;
    if under_way {
        say!("an earlier command left files on their way; they are continued as well");
    }
    Ok(under_way)
}

/// Every file that is not at rest.
pub(crate) async fn under_way(directory: &Directory) -> Result<Vec<FileState>, PortError> {
    let mut found = Vec::new();
    let mut after = None;
    loop {
        let page = directory
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
