use delivery::format::{self, Formatted, read_stored};
use delivery::ports::{Archived, History, PortError};
use delivery::{AttemptRecord, FileKey, Rejection, VisitRecord};
use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use uuid::Uuid;
use workflow::Actor;

use crate::engine::Engine;
use crate::error::corrupt;
use crate::store::Store;

impl History for Engine {
    async fn attempt(&self, record: &AttemptRecord) -> Result<(), PortError> {
        let keep = keep_attempt(record)?;
        self.writer().run("keep attempt", keep).await
    }

    async fn visit(&self, record: &VisitRecord) -> Result<(), PortError> {
        let keep = keep_visit(record)?;
        self.writer().run("keep visit", keep).await
    }

    async fn find_visit(
        &self,
        key: &FileKey,
        visit_id: Uuid,
    ) -> Result<Option<VisitRecord>, PortError> {
        let (what, key) = ("read visit", key.clone());
        let body: Option<String> = self
            .writer()
            .run_unflushed(what, move |store| {
                store.db().prepare_cached(
                    "SELECT body FROM visits WHERE team = ?1 AND item_id = ?2 AND visit_id = ?3",
                )?
                .query_row(params![key.team, key.item_id, visit_id], |row| row.get(0))
                .optional()
            })
            .await?;
        body.map(|body| read_stored(what, &body)).transpose()
    }

    async fn rejection(&self, record: &Rejection) -> Result<(), PortError> {
        let body = json(record)?;
        let (team, item) = (record.key.team.clone(), record.key.item_id);
        let (assignment, at) = (record.assignment_id, record.at.as_millis());
        let actor = match &record.actor {
            Actor::User { role, .. } => role.as_str(),
            Actor::Workflow { .. } => "workflow",
        };
        self.writer()
            .run("keep rejection", move |store| {
                store
                    .db()
                    .prepare_cached(
                        "INSERT OR REPLACE INTO rejections VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![team, item, assignment, actor, at, body])
            })
            .await
            .map(|_| ())
    }
}

/// Stores a record of the history.
pub(crate) type Keep = Box<dyn FnOnce(&mut Store) -> rusqlite::Result<()> + Send>;

pub(crate) fn keep(archived: &Archived) -> Result<Keep, PortError> {
    match archived {
        Archived::Visit(visit) => keep_visit(visit),
        Archived::Attempt(attempt) => keep_attempt(attempt),
    }
}

fn keep_attempt(record: &AttemptRecord) -> Result<Keep, PortError> {
    let body = json(record)?;
    let (team, item) = (record.key.team.clone(), record.key.item_id);
    let (delivery, attempt) = (record.delivery_id, record.summary.attempt);
    let (at, version) = (record.summary.at.as_millis(), record.version);
    Ok(Box::new(move |store| {
        store
            .db()
            .prepare_cached(
                "INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT DO UPDATE SET at = ?5, body = ?6, version = ?7 WHERE version <= ?7",
            )?
            .execute(params![team, item, delivery, attempt, at, body, version])
            .map(|_| ())
    }))
}

fn keep_visit(record: &VisitRecord) -> Result<Keep, PortError> {
    let body = json(record)?;
    let (team, item) = (record.key.team.clone(), record.key.item_id);
    let (visit, sequence) = (record.visit.id, record.visit.sequence);
    let version = record.version;
    Ok(Box::new(move |store| {
        store
            .db()
            .prepare_cached(
                "INSERT INTO visits VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT DO UPDATE SET version = ?5, body = ?6 WHERE version <= ?5",
            )?
            .execute(params![team, item, visit, sequence, version, body])
            .map(|_| ())
    }))
}

fn json(record: &(impl Formatted + Serialize)) -> Result<String, PortError> {
    format::write(record).map_err(|error| corrupt("write history", error))
}
