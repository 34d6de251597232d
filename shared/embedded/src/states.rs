use delivery::format::{self, read_stored};
use delivery::ports::{FileStates, PortError, WriteError};
use delivery::{FileKey, FileState, Outcome, Status};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::corrupt;

impl FileStates for Engine {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        let key = key.clone();
        let body = self
            .writer()
            .run_unflushed("get file state", move |db| body(db, &key.team, key.item_id))
            .await?;
        body.map(|body| parse(&body)).transpose()
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let row = Row::of(next).map_err(WriteError::Port)?;
        let found = self
            .writer()
            .run("put file state", move |db| row.put(db))
            .await;
        match found.map_err(WriteError::Port)? {
            None => Ok(()),
            Some(None) => Err(WriteError::Conflict(None)),
            Some(Some(body)) => {
                let state = parse(&body).map_err(WriteError::Port)?;
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

fn body(db: &Connection, team: &str, item_id: Uuid) -> rusqlite::Result<Option<String>> {
    db.prepare_cached("SELECT body FROM states WHERE team = ?1 AND item_id = ?2")?
        .query_row(params![team, item_id], |row| row.get(0))
        .optional()
}

struct Row {
    team: String,
    item_id: Uuid,
    version: i64,
    status: &'static str,
    stage_id: Uuid,
    at_rest: bool,
    failed_stage: Option<Uuid>,
    updated_at: i64,
    body: String,
}

impl Row {
    fn of(state: &FileState) -> Result<Self, PortError> {
        let at_rest = state.status.is_at_rest();
        let failed = state
            .delivery
            .as_ref()
            .filter(|d| at_rest && d.outcome == Some(Outcome::Failed));
        Ok(Self {
            team: state.key.team.clone(),
            item_id: state.key.item_id,
            version: i64::try_from(state.version).unwrap_or(i64::MAX),
            status: name(state.status),
            stage_id: state.visit.stage_id,
            at_rest,
            failed_stage: failed.map(|delivery| delivery.stage_id),
            updated_at: state.updated_at.as_millis(),
            body: format::write(state).map_err(|error| corrupt("write file state", error))?,
        })
    }

    /// None: it was written. Some: the record that is there instead.
    fn put(self, db: &Connection) -> rusqlite::Result<Option<Option<String>>> {
        let insert = "INSERT INTO states
            (team, item_id, version, status, stage_id, at_rest, failed_stage, updated_at, body)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
        let update = "UPDATE states SET version = ?3, status = ?4, stage_id = ?5, at_rest = ?6,
            failed_stage = ?7, updated_at = ?8, body = ?9
            WHERE team = ?1 AND item_id = ?2 AND version = ?3 - 1";
        let changed = db
            .prepare_cached(if self.version == 1 { insert } else { update })?
            .execute(params![
                self.team,
                self.item_id,
                self.version,
                self.status,
                self.stage_id,
                self.at_rest,
                self.failed_stage,
                self.updated_at,
                self.body
            ])?;
        if changed == 1 {
            Ok(None)
        } else {
            body(db, &self.team, self.item_id).map(Some)
        }
    }
}

pub(crate) const fn name(status: Status) -> &'static str {
    match status {
        Status::Waiting => "waiting",
        Status::Assigned => "assigned",
        Status::Queued => "queued",
        Status::Sending => "sending",
        Status::Complete => "complete",
    }
}
