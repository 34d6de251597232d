use std::collections::BTreeMap;

use delivery::FileKey;
use delivery::FileState;
use delivery::ports::PortError;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use crate::engine::Engine;
use crate::states::parse;

/// What is stored about an item in addition to its state.
pub(crate) struct Item {
    pub(crate) key: FileKey,
    pub(crate) digest: Uuid,
    pub(crate) name: String,
}

impl Engine {
    /// Stores the items, all in one commit.
    pub(crate) async fn put_items(&self, items: Vec<Item>) -> Result<(), PortError> {
        self.writer()
            .run("remember items", move |store| {
                let db = store.db();
                let mut insert =
                    db.prepare_cached("INSERT OR REPLACE INTO items VALUES (?1, ?2, ?3, ?4)")?;
                for Item { key, digest, name } in &items {
                    insert.execute(params![key.team, key.item_id, digest, name])?;
                }
                Ok(())
            })
            .await
    }

    /// The digest and name of a file's item.
    pub(crate) async fn item(&self, key: &FileKey) -> Result<Option<(Uuid, String)>, PortError> {
        let key = key.clone();
        self.writer()
            .run_unflushed("look up an item", move |store| {
                store
                    .db()
                    .prepare_cached(
                        "SELECT content, name FROM items WHERE team = ?1 AND item_id = ?2",
                    )?
                    .query_row(params![key.team, key.item_id], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()
            })
            .await
    }

    /// The records of all files in the order of team and item: at most `limit`, starting after `after`.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn states(
        &self,
        after: Option<&FileKey>,
        limit: u32,
    ) -> Result<Vec<FileState>, PortError> {
        let (team, item) = after.map_or((String::new(), Uuid::nil()), |key| {
            (key.team.clone(), key.item_id)
        });
        let bodies: Vec<String> = self
            .writer()
            .run_folded("list files", move |store| {
                store
                    .db()
                    .prepare_cached(
                        "SELECT body FROM states WHERE (team, item_id) > (?1, ?2)
                     ORDER BY team, item_id LIMIT ?3",
                    )?
                    .query_map(params![team, item, limit], |row| row.get(0))?
                    .collect()
            })
            .await?;
        bodies.iter().map(|body| parse(body)).collect()
    }

    /// How many files have each status, by the status's name.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn counts(&self) -> Result<BTreeMap<String, u64>, PortError> {
        self.writer()
            .run_folded("count files", |store| {
                store
                    .db()
                    .prepare_cached("SELECT status, count(*) FROM states GROUP BY status")?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .await
    }
}
