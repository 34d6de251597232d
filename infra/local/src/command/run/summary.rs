use delivery::FileKey;
use delivery::ports::PortError;

use crate::backend::directory::Directory;
use crate::command::settled::report_unfinished;
use crate::terminal::hint::say_refused;
use crate::terminal::output::{argument, say};
use crate::terminal::report::{Row, counted};

/// A file's outcome, and whether it stems from an earlier run.
pub(super) struct Ended {
    pub(super) key: FileKey,
    pub(super) row: Row,
    pub(super) before: bool,
}

/// Says how a run went, and what to do about failures and about files that are left although nothing is to be done.
pub(super) async fn say_what_next(
    directory: &Directory,
    ended: &[Ended],
    left: usize,
) -> Result<(), PortError> {
    let count = |outcome| {
        let overall = ended.iter().map(|ended| ended.row.overall());
        overall.filter(|overall| *overall == outcome).count()
    };
    let skipped = match count("skipped") {
        0 => String::new(),
        skipped => format!(", {skipped} skipped"),
    };
    say!(
        "{}: {} succeeded{skipped}, {} had passed before, {} failed, {} rejected",
        counted(ended.len(), "file"),
        count("succeeded"),
        count("already_passed"),
        count("failed"),
        count("rejected")
    );
    if left > 0 {
        report_unfinished(directory, left);
    }
    let is_old_failure = |ended: &&Ended| ended.before && !ended.row.is_success();
    let before = ended.iter().filter(is_old_failure).count();
    if before > 0 {
        say!("{before} of them failed in an earlier run and were not called again");
    }
    if let Some(refused) = ended.iter().find(|ended| ended.row.is_refused()) {
        say_refused(directory, &refused.key).await?;
    }
    let mut stages: Vec<&str> = Vec::new();
    for stage in ended.iter().filter_map(|ended| ended.row.failed_last_at()) {
        if !stages.contains(&stage) {
            stages.push(stage);
        }
    }
    let state = argument(&directory.path().to_string_lossy());
    for stage in stages {
        say!(
            "to send failed files again: webhook-stage redeliver --state {state} --stage \"{stage}\""
        );
    }
    Ok(())
}
