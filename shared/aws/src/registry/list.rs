//! A page of a team's items, with their records.

use delivery::ports::{Page, PortError};
use delivery::{Item, ItemFilter, Listed};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::Registry;
use super::place::{SHARDS, partition, place, shard};
use super::stored::{item, key};
use crate::error::port_error;
use crate::table::batch::{BATCH, get_batch};
use crate::table::item::text;

/// How many items are looked at for one page, if a filter may leave most of them out.
const LOOKED_AT: usize = 1000;

/// Batches of one page that are read at the same time.
const BATCHES: usize = 10;

/// Registered items in the order of lists.
pub(super) struct Part {
    pub(super) items: Vec<Item>,
    pub(super) has_more: bool,
}

impl Registry {
    pub(super) async fn page(
        &self,
        team: &str,
        filter: &ItemFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Page<Listed>, PortError> {
        let is_all = *filter == ItemFilter::default();
        let look = if is_all { limit } else { LOOKED_AT };
        let (items, mut next) = match &filter.items {
            Some(ids) => self.named(team, ids, after, look).await?,
            None => self.next(team, after, look).await?,
        };
        let mut rows = self.with_records(items, filter).await?;
        if rows.len() > limit {
            rows.truncate(limit);
            next = rows.last().map(|last| last.item.key.item_id);
        }
        let next = next.map(|id| id.to_string());
        Ok(Page { rows, next })
    }

    /// The next items, at most `limit`, and the last of them if there may be more.
    async fn next(
        &self,
        team: &str,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Uuid>), PortError> {
        let begin = after.map_or(0, shard);
        let first = self.part(team, begin, after, limit).await?;
        let (mut items, mut has_more) = (first.items, first.has_more);
        // By the first it can be told how many the others have. Few are read at once, because a small team's list would
        // otherwise take sixteen requests one after the other; of many, no more than fit into the page.
        let is_small = after.is_none() && items.len() * usize::from(SHARDS) <= limit;
        let at_once = if is_small { usize::from(SHARDS) } else { 1 };
        let left = limit - items.len();
        if !has_more && left > 0 {
            let others = stream::iter(begin + 1..SHARDS);
            let parts = others.map(|shard| self.part(team, shard, None, left));
            let mut parts = parts.buffered(at_once);
            while let Some(part) = parts.try_next().await? {
                items.extend(part.items);
                has_more = part.has_more;
                if has_more || items.len() >= limit {
                    break;
                }
            }
        }
        has_more |= items.len() >= limit;
        items.truncate(limit);
        let last = items.last().map(|item| item.key.item_id);
        Ok((items, last.filter(|_| has_more)))
    }

    /// The next items of a shard, at most `limit`. The read is consistent, so that a command finds what was registered just
    /// before it.
    pub(super) async fn part(
        &self,
        team: &str,
        shard: u8,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Part, PortError> {
        let query = self.client.query().table_name(&self.name);
        // A space comes before every digit.
        let after = after.map_or_else(|| " ".to_owned(), |after| after.to_string());
        let query = query
            .key_condition_expression("pk = :pk AND sk > :after")
            .expression_attribute_values(":pk", text(partition(team, shard)))
            .expression_attribute_values(":after", text(after))
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = query.send().await;
        let page = page.map_err(|error| port_error("list items", &error))?;
        let items = page.items.unwrap_or_default();
        Ok(Part {
            items: items.iter().map(item).collect::<Result<_, _>>()?,
            has_more: page.last_evaluated_key.is_some(),
        })
    }

    /// Those of these items that there are: the next `limit` of the ids, and the last of these if there are more.
    async fn named(
        &self,
        team: &str,
        ids: &[Uuid],
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Uuid>), PortError> {
        let mut ids = ids.to_vec();
        ids.sort_unstable_by_key(|id| place(*id));
        ids.dedup();
        let begin = after.map_or(0, |after| {
            ids.partition_point(|id| place(*id) <= place(after))
        });
        let wanted = &ids[begin..ids.len().min(begin + limit)];
        let last = wanted.last().copied();
        let has_more = begin + wanted.len() < ids.len();
        let batches = stream::iter(wanted.chunks(BATCH).map(<[Uuid]>::to_vec));
        let found: Vec<Vec<Item>> = batches
            .map(|ids| self.batch(team, ids))
            .buffered(BATCHES)
            .try_collect()
            .await?;
        let mut items: Vec<Item> = found.into_iter().flatten().collect();
        items.sort_unstable_by_key(|item| place(item.key.item_id));
        Ok((items, last.filter(|_| has_more)))
    }

    async fn batch(&self, team: &str, ids: Vec<Uuid>) -> Result<Vec<Item>, PortError> {
        let keys = ids.into_iter().map(|item_id| {
            let team = team.to_owned();
            key(&delivery::FileKey { team, item_id })
        });
        let what = "look up items";
        let found = get_batch(&self.client, what, &self.name, keys.collect(), true).await?;
        found.iter().map(item).collect()
    }

    /// Those of the items that are wanted, with their records. Records are read only of items that may be wanted.
    pub(super) async fn with_records(
        &self,
        mut items: Vec<Item>,
        filter: &ItemFilter,
    ) -> Result<Vec<Listed>, PortError> {
        items.retain(|item| filter.wants_item(item));
        let keys = items.iter().map(|item| item.key.clone()).collect();
        let mut states = self.records.records_of(keys, BATCHES).await?;
        let listed = items.into_iter().map(|item| {
            let state = states.remove(&item.key);
            Listed { item, state }
        });
        let wanted = listed.filter(|listed| filter.wants_state(listed.state.as_ref()));
        Ok(wanted.collect())
    }
}
