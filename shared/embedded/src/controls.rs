use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};

use delivery::control::{StageControl, StageKey};
use delivery::format::{self, read_stored};
use delivery::ports::{ControlWriteError, Controls, PortError, PortErrorKind, stored_control};
use rusqlite::{Connection, OptionalExtension, params};

use crate::engine::Engine;
use crate::error::corrupt;

impl Controls for Engine {
    async fn control(&self, stage: &StageKey) -> Result<StageControl, PortError> {
        if let Some(found) = self.controls().get(stage) {
            return Ok(found.clone());
        }
        let key = stage.clone();
        let body = self
            .writer()
            .run_unflushed("get stage control", move |store| body(store.db(), &key))
            .await?;
        let control = body.map(|body| stored_control(stage, &body)).transpose();
        let control = control.map_err(|newer| newer.into_port_error("get stage control"))?;
        let control = control.unwrap_or_default();
        self.remember(stage, &control);
        Ok(control)
    }

    async fn put_control(
        &self,
        stage: &StageKey,
        next: &StageControl,
    ) -> Result<(), ControlWriteError> {
        let port = ControlWriteError::Port;
        let text =
            format::write(next).map_err(|error| port(corrupt("write stage control", error)))?;
        let version = i64::try_from(next.version).map_err(|_| {
            port(PortError::new(
                PortErrorKind::Corrupt,
                "write stage control",
            ))
        })?;
        let key = stage.clone();
        let found = self.writer().run("put stage control", move |store| {
            let db = store.db();
            let written = db
                .prepare_cached(
                    "INSERT INTO controls SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?4 = 1 OR EXISTS (
                         SELECT 1 FROM controls WHERE team = ?1 AND workflow_id = ?2 AND stage_id = ?3)
                     ON CONFLICT DO UPDATE SET version = ?4, body = ?5 WHERE version = ?4 - 1",
                )?
                .execute(params![
                    key.team,
                    key.workflow_id,
                    key.stage_id,
                    version,
                    text
                ])?;
            if written == 1 {
                Ok(None)
            } else {
                body(db, &key).map(Some)
            }
        });
        match found.await.map_err(port)? {
            None => {
                self.remember(stage, next);
                Ok(())
            }
            Some(body) => {
                let found = body.map_or_else(|| Ok(StageControl::default()), |body| parse(&body));
                let found = found.map_err(port)?;
                self.remember(stage, &found);
                Err(ControlWriteError::Conflict(Box::new(found)))
            }
        }
    }
}

fn body(db: &Connection, stage: &StageKey) -> rusqlite::Result<Option<String>> {
    db.prepare_cached(
        "SELECT body FROM controls WHERE team = ?1 AND workflow_id = ?2 AND stage_id = ?3",
    )?
    .query_row(
        params![stage.team, stage.workflow_id, stage.stage_id],
        |row| row.get(0),
    )
    .optional()
}

fn parse(body: &str) -> Result<StageControl, PortError> {
    read_stored("read stage control", body)
}

impl Engine {
    /// Only this process changes the records, so the cached ones are current.
    fn controls(&self) -> MutexGuard<'_, HashMap<StageKey, StageControl>> {
        self.inner
            .controls
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A read may end after a later write.
    fn remember(&self, stage: &StageKey, control: &StageControl) {
        let mut controls = self.controls();
        let known = controls.get(stage).map_or(0, |known| known.version);
        if known <= control.version {
            controls.insert(stage.clone(), control.clone());
        }
    }
}
