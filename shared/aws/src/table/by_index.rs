//! Files at rest by an index.

use std::collections::{HashMap, HashSet};

use delivery::FileState;
use delivery::ports::{Listing, Page, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::Table;
use super::batch::{BATCH, get_batch};
use super::index::{Index, keys};
use super::item::{Item, file, new, text};
use super::states::state;
use crate::error::port_error;

/// Queries at the same time.
const QUERIES: usize = 20;

/// The fewest entries that a query asks for, if the page may have as many: at half a read unit for 4 KB, a query for less
/// costs no less.
const FEWEST: usize = 25;

/// An index entry: its place in the listing, and its record's partition key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    order: String,
    pk: String,
}

/// The first entries of one index key.
struct Part {
    entries: Vec<Entry>,
    has_more: bool,
}

impl Table {
    /// A page of the files that rest in these stages, or failed at them. It asks each key of each stage for somewhat
    /// more than its share.
    pub(super) async fn query(
        &self,
        index: Index,
        listing: &Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let keys: Vec<String> = listing.stages.iter().flat_map(|id| keys(*id)).collect();
        let share = (2 * limit / keys.len().max(1)).max(FEWEST).min(limit);
        let parts: Vec<Part> = stream::iter(keys)
            .map(|key| self.part(index, key, after, share))
            .buffer_unordered(QUERIES)
            .try_collect()
            .await?;
        let (entries, next) = first(parts, limit);
        let rows = self.records(entries).await?.into_iter().filter(|state| {
            // The index lags behind, so files that have moved on since are left out.
            if listing.failed {
                let delivery = state.delivery.as_ref();
                state.is_failed_at_rest()
                    && delivery.is_some_and(|d| listing.stages.contains(&d.stage_id))
            } else {
                state.status.is_at_rest() && listing.stages.contains(&state.visit.stage_id)
            }
        });
        Ok(Page {
            rows: rows.collect(),
            next,
        })
    }

    async fn part(
        &self,
        index: Index,
        key: String,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Part, PortError> {
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index.name)
            .key_condition_expression("#p = :key AND #s > :after")
            .expression_attribute_names("#p", index.pk)
            .expression_attribute_names("#s", index.sk)
            .expression_attribute_values(":key", text(key))
            // A sort key is never empty; a space comes before every digit.
            .expression_attribute_values(":after", text(after.unwrap_or(" ")))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| port_error("list files", &error))?;
        let entries = page.items.unwrap_or_default().into_iter();
        let entries = entries.filter_map(|entry| {
            Some(Entry {
                order: string(&entry, index.sk)?.to_owned(),
                pk: string(&entry, "pk")?.to_owned(),
            })
        });
        Ok(Part {
            entries: entries.collect(),
            has_more: page.last_evaluated_key.is_some(),
        })
    }

    /// The records of index entries, in the order of the entries.
    async fn records(&self, entries: Vec<Entry>) -> Result<Vec<FileState>, PortError> {
        let what = "read listed files";
        let mut found = HashMap::new();
        for batch in entries.chunks(BATCH) {
            let keys = batch.iter();
            let keys = keys.map(|entry| new(entry.pk.clone(), "STATE".to_owned()));
            let keys = keys.collect();
            for item in get_batch(&self.client, what, &self.name, keys, true).await? {
                let record = state(&item)?;
                found.insert(file(&record.key), record);
            }
        }
        Ok(entries
            .iter()
            .filter_map(|entry| found.remove(&entry.pk))
            .collect())
    }
}

/// The first entries of all, in order, at most `limit`; and the place of the last, if there may be more.
fn first(parts: Vec<Part>, limit: usize) -> (Vec<Entry>, Option<String>) {
    // A part that has more says nothing about what comes after its last entry.
    let ends = parts.iter().filter(|part| part.has_more);
    let known_to = ends
        .map(|part| {
            part.entries
                .last()
                .map(|last| last.order.clone())
                .unwrap_or_default()
        })
        .min();
    let mut entries: Vec<Entry> = parts.into_iter().flat_map(|part| part.entries).collect();
    if let Some(end) = &known_to {
        entries.retain(|entry| entry.order <= *end);
    }
    entries.sort_unstable();
    let has_more = known_to.is_some() || entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().map(|entry| entry.order.clone());
    // An entry that is being moved may show under its old key and its new one, and a batch names no key twice.
    let mut seen = HashSet::new();
    entries.retain(|entry| seen.insert(entry.pk.clone()));
    (entries, next.filter(|_| has_more))
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(orders: &[&str], has_more: bool) -> Part {
        let entries = orders.iter().map(|order| Entry {
            order: (*order).to_owned(),
            pk: (*order).to_owned(),
        });
        Part {
            entries: entries.collect(),
            has_more,
        }
    }

    fn page(parts: Vec<Part>, limit: usize) -> (String, Option<String>) {
        let (entries, next) = first(parts, limit);
        (entries.into_iter().map(|entry| entry.order).collect(), next)
    }

    #[test]
    fn a_page_ends_before_what_a_part_has_not_shown() {
        let parts = || vec![part(&["a", "c"], true), part(&["b", "d", "e"], false)];
        assert_eq!(page(parts(), 10), ("abc".to_owned(), Some("c".to_owned())));
        assert_eq!(page(parts(), 2), ("ab".to_owned(), Some("b".to_owned())));
        let parts = || vec![part(&["a", "c"], false), part(&["b"], false)];
        assert_eq!(page(parts(), 3), ("abc".to_owned(), None));
        assert_eq!(page(parts(), 1), ("a".to_owned(), Some("a".to_owned())));
        assert_eq!(page(vec![part(&[], false)], 1), (String::new(), None));
    }

    #[test]
    fn an_entry_that_is_shown_twice_is_listed_once() {
        let mut moved = part(&["b"], false);
        moved.entries[0].pk = "a".to_owned();
        let found = page(vec![part(&["a"], false), moved], 10);
        assert_eq!(found, ("a".to_owned(), None));
    }
}
