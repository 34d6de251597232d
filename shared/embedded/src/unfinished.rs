use delivery::ports::{Page, PortError, ScanSegment, Unfinished, UnfinishedFile};
use rusqlite::params;
use uuid::Uuid;

use crate::engine::Engine;
use crate::error::corrupt;
use crate::states::parse;

/// Files per page. Each page reads all messages once, so it is large.
const PAGE: i64 = 10_000;

/// Any message on the working queues that names a file counts as the file's message, dead letters included.
const SQL: &str = "
WITH carried AS MATERIALIZED (
    SELECT body ->> '$.team' AS team, replace(body ->> '$.item_id', '-', '') AS item
    FROM messages WHERE queue < 4 AND json_valid(body))
SELECT team, item_id, body, (team, lower(hex(item_id))) IN (SELECT team, item FROM carried) FROM states
WHERE at_rest = 0 AND (team, item_id) > (?1, ?2) ORDER BY team, item_id LIMIT ?3";

/// The engine is one database: the first segment contains all files, and the others are empty.
impl Unfinished for Engine {
    async fn unfinished(
        &self,
        segment: ScanSegment,
        after: Option<&str>,
    ) -> Result<Page<Result<UnfinishedFile, PortError>>, PortError> {
        if segment.number > 0 {
            return Ok(Page {
                rows: Vec::new(),
                next: None,
            });
        }
        let (team, item) = match after {
            Some(cursor) => parse_cursor(cursor)?,
            None => (String::new(), Uuid::nil()),
        };
        let found: Vec<(String, Uuid, String, bool)> = self
            .writer()
            .run_folded("list unfinished files", move |store| {
                store
                    .db()
                    .prepare_cached(SQL)?
                    .query_map(params![team, item, PAGE], |row| {
                        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                    })?
                    .collect()
            })
            .await?;
        let is_full = i64::try_from(found.len()).is_ok_and(|rows| rows == PAGE);
        let last = found.last().filter(|_| is_full);
        let next = last.map(|(team, item, ..)| format!("{item}/{team}"));
        let rows = found.iter().map(|(_, _, body, has_message)| {
            Ok(UnfinishedFile {
                state: parse(body)?,
                has_message: Some(*has_message),
            })
        });
        Ok(Page {
            rows: rows.collect(),
            next,
        })
    }
}

/// The place where a page ended: item, team.
fn parse_cursor(text: &str) -> Result<(String, Uuid), PortError> {
    text.split_once('/')
        .and_then(|(item, team)| Some((team.to_owned(), Uuid::parse_str(item).ok()?)))
        .ok_or_else(|| corrupt("read a page's cursor", "it is not one of this listing's"))
}
