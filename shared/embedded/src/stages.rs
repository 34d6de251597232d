//! Deliveries by stage. A message group is only a stage's id, which other teams and copies of the workflow have too.

use delivery::control::StageKey;
use delivery::ports::{PortError, Queue};
use rusqlite::params;
use serde_json::Value;

use crate::engine::Engine;
use crate::queue::{GROUPS, number};
use crate::store::Store;

/// Whose delivery a message is, as [`owner`] writes it; null if it cannot be read.
const OWNER: &str =
    "CASE WHEN json_valid(body) THEN body ->> '$.team' || '/' || (body ->> '$.workflow_id') END";

fn owner(stage: &StageKey) -> String {
    format!("{}/{}", stage.team, stage.workflow_id)
}

/// Whether each message on the deliveries queue is of one of these stages, and its group has none in flight.
pub(crate) fn only_of(store: &Store, stages: &[StageKey]) -> rusqlite::Result<bool> {
    let db = store.db();
    let queue = number(Queue::Deliveries);
    let groups: Vec<String> = db
        .prepare_cached(&format!(
            "{GROUPS} SELECT g FROM groups WHERE g IS NOT NULL"
        ))?
        .query_map([queue], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let others = format!(
        "SELECT EXISTS (SELECT 1 FROM messages WHERE queue = ?1 AND message_group = ?2
         AND coalesce({OWNER}, '') NOT IN (SELECT value FROM json_each(?3)))"
    );
    let mut others = db.prepare_cached(&others)?;
    for group in groups {
        let owners = stages
            .iter()
            .filter(|stage| stage.stage_id.to_string() == group);
        let owners: Value = owners.map(owner).collect();
        if store.held(Queue::Deliveries, &group) > 0
            || others.query_row(params![queue, group, owners.to_string()], |row| row.get(0))?
        {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Engine {
    /// How many deliveries of a stage have a message: they are due, wait, or are in flight.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn deliveries_of(&self, stage: &StageKey) -> Result<u64, PortError> {
        let (group, owner) = (stage.stage_id.to_string(), owner(stage));
        self.writer()
            .run_folded("count a stage's deliveries", move |store| {
                store
                    .db()
                    .prepare_cached(&format!(
                        "SELECT count(DISTINCT body ->> '$.delivery_id') FROM messages
                     WHERE queue = ?1 AND message_group = ?2 AND {OWNER} = ?3"
                    ))?
                    .query_row(params![number(Queue::Deliveries), group, owner], |row| {
                        row.get(0)
                    })
            })
            .await
    }
}
