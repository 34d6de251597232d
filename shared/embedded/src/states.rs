use delivery::format::{self, read_stored};
use delivery::ports::{Archived, FileStates, PortError, WriteError};
use delivery::{FileKey, FileState, Outcome, Status};

use crate::engine::Engine;
use crate::error::corrupt;
use crate::history;
use crate::store::{StateRow, Store};

impl FileStates for Engine {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        let key = key.clone();
        let found = self
            .writer()
            .run_unflushed("get file state", move |store| store.state(&key))
            .await?;
        found.map(|found| found.read(parse)).transpose()
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        self.write(&[], next).await
    }
}

impl Engine {
    /// Keeps what belongs in a file's history, and then writes its record, in one transaction.
    ///
    /// # Errors
    /// [`WriteError`], as of [`FileStates::put`].
    pub async fn write(&self, archived: &[Archived], next: &FileState) -> Result<(), WriteError> {
        let keep: Result<Vec<_>, _> = archived.iter().map(history::keep).collect();
        let keep = keep.map_err(WriteError::Port)?;
        let row = row(next).map_err(WriteError::Port)?;
        let (next, is_queued) = (next.clone(), next.status == Status::Queued);
        let write = move |store: &mut Store| {
            for keep in keep {
                keep(store)?;
            }
            store.put_state(next.key.clone(), row, next)
        };
        let what = "put file state";
        // The message that the delivery is queued with comes next.
        let found = if is_queued {
            self.writer().run_ahead(what, write).await
        } else {
            self.writer().run(what, write).await
        };
        match found.map_err(WriteError::Port)? {
            None => Ok(()),
            Some(None) => Err(WriteError::Conflict(None)),
            Some(Some(found)) => {
                let state = found.read(parse).map_err(WriteError::Port)?;
                Err(WriteError::Conflict(Some(Box::new(state))))
            }
        }
    }
}

/// Reads a stored record.
///
/// # Errors
/// [`PortError`] when it is not a record, or a later version's.
pub fn parse(body: &str) -> Result<FileState, PortError> {
    read_stored("read file state", body)
}

fn row(state: &FileState) -> Result<StateRow<'static>, PortError> {
    let at_rest = state.status.is_at_rest();
    let failed = state
        .delivery
        .as_ref()
        .filter(|d| at_rest && d.outcome == Some(Outcome::Failed));
    let body = format::write(state).map_err(|error| corrupt("write file state", error))?;
    Ok(StateRow {
        team: state.key.team.clone().into(),
        item_id: state.key.item_id,
        version: i64::try_from(state.version).unwrap_or(i64::MAX),
        status: name(state.status).into(),
        stage_id: state.visit.stage_id,
        at_rest,
        failed_stage: failed.map(|delivery| delivery.stage_id),
        updated_at: state.updated_at.as_millis(),
        body: body.into(),
    })
}

const fn name(status: Status) -> &'static str {
    match status {
        Status::Waiting => "waiting",
        Status::Assigned => "assigned",
        Status::Queued => "queued",
        Status::Sending => "sending",
        Status::Complete => "complete",
    }
}
