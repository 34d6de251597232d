//! The registered items, for an API's lists.

use std::collections::BTreeMap;

use delivery::format::{read_stored, write};
use delivery::ports::{FileStates, Items, Page, PortError, PortErrorKind};
use delivery::{FileKey, FileState, Item, ItemFilter, Listed, Timestamp};
use rusqlite::{OptionalExtension, Row, ToSql, params, params_from_iter};
use serde_json::Value;
use uuid::Uuid;

use crate::engine::Engine;
use crate::states::parse;
use crate::store::Store;

/// How many items one job looks at, so that a list of many which shows few does not hold up deliveries.
const LOOKED_AT: usize = 2000;

/// The columns of a list. An item that `run` has registered has no body.
const COLUMNS: &str = "i.item_id, i.name, i.body, s.body";

/// What is wanted, as SQL.
#[derive(Clone)]
struct Wanted {
    team: String,
    ids: Option<Vec<Uuid>>,
    conditions: String,
    parameters: Vec<Parameter>,
}

#[derive(Clone)]
enum Parameter {
    Text(String),
    Id(Uuid),
    Number(i64),
}

impl Parameter {
    fn as_sql(&self) -> &dyn ToSql {
        match self {
            Self::Text(text) => text,
            Self::Id(id) => id,
            Self::Number(number) => number,
        }
    }
}

impl Wanted {
    fn by(team: &str, filter: &ItemFilter) -> Self {
        let mut ids = filter.items.clone();
        if let Some(ids) = &mut ids {
            ids.sort_unstable();
            ids.dedup();
        }
        let mut wanted = Self {
            team: team.to_owned(),
            ids,
            conditions: String::new(),
            parameters: Vec::new(),
        };
        if let Some(names) = &filter.names {
            let names = names.iter().cloned().map(Value::from).collect::<Value>();
            let one_of = "i.name IN (SELECT value FROM json_each(?))";
            wanted.and(one_of, [Parameter::Text(names.to_string())]);
        }
        if let Some(datasets) = &filter.datasets {
            let datasets = datasets.iter().copied().map(Value::from).collect::<Value>();
            let one_of = "i.dataset_id IN (SELECT value FROM json_each(?))";
            wanted.and(one_of, [Parameter::Text(datasets.to_string())]);
        }
        if let Some(id) = filter.workflow_id {
            let id = Parameter::Text(id.to_string());
            wanted.and("s.body ->> '$.workflow_id' = ?", [id]);
        }
        if let Some(places) = &filter.places {
            let stages = vec!["?"; places.stages.len()].join(", ");
            let in_dataset = if places.in_dataset {
                "s.body IS NULL"
            } else {
                "0"
            };
            let condition = format!("({in_dataset} OR s.stage_id IN ({stages}))");
            wanted.and(&condition, places.stages.iter().copied().map(Parameter::Id));
        }
        if let Some(stages) = &filter.failed_at {
            let one_of = vec!["?"; stages.len()].join(", ");
            let condition = format!("s.failed_stage IN ({one_of})");
            wanted.and(&condition, stages.iter().copied().map(Parameter::Id));
        }
        let ended = "s.body ->> '$.delivery.ended_at'";
        for (time, compared) in [(filter.ended_from, ">="), (filter.ended_before, "<")] {
            if let Some(time) = time {
                let time = Parameter::Number(time.as_millis());
                wanted.and(&format!("{ended} {compared} ?"), [time]);
            }
        }
        if let Some(user) = filter.assignee {
            let user = Parameter::Number(i64::try_from(user).unwrap_or(-1));
            wanted.and("s.body ->> '$.visit.assignee' = ?", [user]);
        }
        wanted
    }

    fn and(&mut self, condition: &str, parameters: impl IntoIterator<Item = Parameter>) {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self.parameters.extend(parameters);
    }

    /// The last of the next items to look at; none if there are no more than these.
    fn looks_up_to(&self, store: &Store, after: Option<Uuid>) -> rusqlite::Result<Option<Uuid>> {
        if let Some(ids) = &self.ids {
            let begin = after.map_or(0, |after| ids.partition_point(|id| *id <= after));
            let is_more = ids.len() - begin > LOOKED_AT;
            return Ok(is_more.then(|| ids[begin + LOOKED_AT - 1]));
        }
        let sql = "SELECT item_id FROM items WHERE team = ?1 AND item_id > ?2
                   ORDER BY item_id LIMIT 2 OFFSET ?3";
        let mut select = store.db().prepare_cached(sql)?;
        let offset = LOOKED_AT as i64 - 1;
        let found =
            select.query_map(params![self.team, behind(after), offset], |row| row.get(0))?;
        let found: Vec<Uuid> = found.collect::<Result<_, _>>()?;
        Ok((found.len() == 2).then(|| found[0]))
    }

    /// Reads `what` of the wanted ones among the next items to look at; `tail` ends the statement.
    fn select<T>(
        &self,
        store: &Store,
        (after, until): (Option<Uuid>, Option<Uuid>),
        (what, tail): (&str, &str),
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let of_ids = self.ids.as_ref().map(|ids| {
            let begin = after.map_or(0, |after| ids.partition_point(|id| *id <= after));
            let end = until.map_or(ids.len(), |until| ids.partition_point(|id| *id <= until));
            let ids = ids[begin..end].iter().map(|id| id.simple().to_string());
            ids.map(Value::from).collect::<Value>().to_string()
        });
        let by_ids = match of_ids {
            Some(_) => "i.item_id IN (SELECT unhex(value) FROM json_each(?))",
            None => "? IS NULL",
        };
        let sql = format!(
            "SELECT {what} FROM items i LEFT JOIN states s ON s.team = i.team AND s.item_id = i.item_id
             WHERE i.team = ? AND i.item_id > ? AND i.item_id <= ? AND {by_ids}{} {tail}",
            self.conditions
        );
        let (after, until) = (behind(after), until.unwrap_or(Uuid::max()));
        let first: [&dyn ToSql; 4] = [&self.team, &after, &until, &of_ids];
        let parameters = self.parameters.iter().map(Parameter::as_sql);
        store
            .db()
            .prepare_cached(&sql)?
            .query_map(params_from_iter(first.into_iter().chain(parameters)), read)?
            .collect()
    }
}

/// The bytes that all later ids are greater than.
fn behind(after: Option<Uuid>) -> Vec<u8> {
    after.map_or_else(Vec::new, |after| after.as_bytes().to_vec())
}

type Read = (Uuid, String, Option<String>, Option<String>);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn listed(team: &str, (item_id, name, body, state): Read) -> Result<Listed, PortError> {
    let team = team.to_owned();
    let state: Option<FileState> = state.as_deref().map(parse).transpose()?;
    let item = known(FileKey { team, item_id }, name, body)?;
    Ok(Listed { item, state })
}

fn known(key: FileKey, name: String, body: Option<String>) -> Result<Item, PortError> {
    match body {
        Some(body) => read_stored("read an item", &body),
        None => Ok(Item {
            key,
            name,
            path: "/".to_owned(),
            dataset_id: None,
            slots: Vec::new(),
            inserted_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }),
    }
}

fn stored(item: &Item) -> Result<String, PortError> {
    write(item).map_err(|error| PortError::caused(PortErrorKind::Corrupt, "write an item", error))
}

impl Items for Engine {
    async fn put_items(&self, items: Vec<Item>) -> Result<(), PortError> {
        let rows = items.into_iter().map(|item| {
            let body = stored(&item)?;
            Ok((item, body))
        });
        let rows: Vec<(Item, String)> = rows.collect::<Result<_, PortError>>()?;
        self.writer()
            .run("register items", move |store| {
                let mut upsert = store.db().prepare_cached(
                    "INSERT INTO items (team, item_id, content, name, dataset_id, body)
                     VALUES (?1, ?2, ?6, ?3, ?4, ?5)
                     ON CONFLICT DO UPDATE SET name = excluded.name, dataset_id = excluded.dataset_id,
                     body = json_set(excluded.body, '$.inserted_at',
                         coalesce(body ->> '$.inserted_at', excluded.body ->> '$.inserted_at'))",
                )?;
                for (item, body) in &rows {
                    let dataset = item.dataset_id.and_then(|id| i64::try_from(id).ok());
                    let Item { key, name, .. } = item;
                    upsert.execute(params![key.team, key.item_id, name, dataset, body, Uuid::nil()])?;
                }
                Ok(())
            })
            .await
    }

    async fn item(&self, key: &FileKey) -> Result<Option<Listed>, PortError> {
        let of = key.clone();
        let found: Option<(String, Option<String>)> = self
            .writer()
            .run_unflushed("look up an item", move |store| {
                let sql = "SELECT name, body FROM items WHERE team = ?1 AND item_id = ?2";
                let mut select = store.db().prepare_cached(sql)?;
                select
                    .query_row(params![of.team, of.item_id], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })
                    .optional()
            })
            .await?;
        let Some((name, body)) = found else {
            return Ok(None);
        };
        Ok(Some(Listed {
            item: known(key.clone(), name, body)?,
            state: self.get(key).await?,
        }))
    }

    async fn items(
        &self,
        team: &str,
        filter: &ItemFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Page<Listed>, PortError> {
        let limit = limit.clamp(1, 1000);
        let wanted = Wanted::by(team, filter);
        let (rows, until) = self
            .writer()
            .run_folded("list items", move |store| {
                let until = wanted.looks_up_to(store, after)?;
                let tail = format!("ORDER BY i.item_id LIMIT {limit}");
                let rows = wanted.select(store, (after, until), (COLUMNS, &tail), read)?;
                Ok((rows, until))
            })
            .await?;
        let next = match rows.last() {
            Some((last, ..)) if rows.len() == limit => Some(*last),
            _ => until,
        };
        let rows = rows.into_iter().map(|row| listed(team, row));
        Ok(Page {
            rows: rows.collect::<Result<_, _>>()?,
            next: next.map(|id| id.to_string()),
        })
    }

    async fn count_items(
        &self,
        team: &str,
        filter: &ItemFilter,
    ) -> Result<BTreeMap<Option<Uuid>, u64>, PortError> {
        let wanted = Wanted::by(team, filter);
        let (mut counts, mut after) = (BTreeMap::new(), None);
        loop {
            let of = wanted.clone();
            let (found, until) = self
                .writer()
                .run_folded("count items", move |store| {
                    let until = of.looks_up_to(store, after)?;
                    let by_stage = ("s.stage_id, count(*)", "GROUP BY s.stage_id");
                    let found = of.select(store, (after, until), by_stage, |row| {
                        Ok((row.get(0)?, row.get::<_, u64>(1)?))
                    })?;
                    Ok((found, until))
                })
                .await?;
            for (stage, count) in found {
                *counts.entry(stage).or_default() += count;
            }
            after = until;
            if after.is_none() {
                return Ok(counts);
            }
        }
    }
}
