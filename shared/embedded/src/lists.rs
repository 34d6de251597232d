use delivery::format::{Formatted, read_stored};
use delivery::ports::{Listing, Lists, Page, PortError};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use rusqlite::{ToSql, params, params_from_iter};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::corrupt;
use crate::states::parse;

impl Lists for Engine {
    async fn at_rest(
        &self,
        listing: &Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let (at, team, item) = match after {
            Some(cursor) => Cursor::parse(cursor)?,
            None => (i64::MIN, String::new(), Uuid::nil()),
        };
        let limit = limit.clamp(1, 1000);
        let of_stages = vec!["?"; listing.stages.len()].join(", ");
        let of_stages = if listing.failed {
            format!("failed_stage IN ({of_stages})")
        } else {
            format!("at_rest = 1 AND stage_id IN ({of_stages})")
        };
        let sql = format!(
            "SELECT body FROM states WHERE {of_stages} AND (updated_at, team, item_id) > (?, ?, ?)
             ORDER BY updated_at, team, item_id LIMIT ?"
        );
        let stages = listing.stages.clone();
        let bodies: Vec<String> = self
            .writer()
            .run_folded("list files", move |store| {
                let db = store.db();
                let last = limit as i64;
                let last: [&dyn ToSql; 4] = [&at, &team, &item, &last];
                let parameters = stages.iter().map(|stage| stage as &dyn ToSql).chain(last);
                db.prepare_cached(&sql)?
                    .query_map(params_from_iter(parameters), |row| row.get(0))?
                    .collect()
            })
            .await?;
        let rows = bodies
            .iter()
            .map(|body| parse(body))
            .collect::<Result<Vec<_>, _>>()?;
        let next = rows
            .last()
            .filter(|_| rows.len() == limit)
            .map(Cursor::write);
        Ok(Page { rows, next })
    }

    async fn visits(&self, key: &FileKey) -> Result<Vec<VisitRecord>, PortError> {
        let sql = "SELECT body FROM visits WHERE team = ?1 AND item_id = ?2 ORDER BY sequence";
        self.records("list visits", sql, key).await
    }

    async fn attempts(&self, key: &FileKey) -> Result<Vec<AttemptRecord>, PortError> {
        let sql = "SELECT body FROM attempts WHERE team = ?1 AND item_id = ?2 ORDER BY at, attempt";
        self.records("list attempts", sql, key).await
    }

    async fn rejections(&self, key: &FileKey) -> Result<Vec<Rejection>, PortError> {
        let sql = "SELECT body FROM rejections WHERE team = ?1 AND item_id = ?2 ORDER BY at";
        self.records("list rejections", sql, key).await
    }
}

impl Engine {
    async fn records<T: Formatted + DeserializeOwned>(
        &self,
        what: &'static str,
        sql: &'static str,
        key: &FileKey,
    ) -> Result<Vec<T>, PortError> {
        let key = key.clone();
        let bodies: Vec<String> = self
            .writer()
            .run_unflushed(what, move |store| {
                store
                    .db()
                    .prepare_cached(sql)?
                    .query_map(params![key.team, key.item_id], |row| row.get(0))?
                    .collect()
            })
            .await?;
        bodies.iter().map(|body| read_stored(what, body)).collect()
    }
}

/// The place where a page ended: time, item, team.
struct Cursor;

impl Cursor {
    fn write(state: &FileState) -> String {
        format!(
            "{}/{}/{}",
            state.updated_at.as_millis(),
            state.key.item_id,
            state.key.team
        )
    }

    fn parse(text: &str) -> Result<(i64, String, Uuid), PortError> {
        let mut parts = text.splitn(3, '/');
        let at = parts.next().and_then(|part| part.parse().ok());
        let item = parts.next().and_then(|part| Uuid::parse_str(part).ok());
        match (at, item, parts.next()) {
            (Some(at), Some(item), Some(team)) => Ok((at, team.to_owned(), item)),
            _ => Err(corrupt(
                "read a page's cursor",
                "it is not one of this listing's",
            )),
        }
    }
}
