use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use delivery::format::Formatted;
use delivery::ports::{Listing, Lists, Page, PortError, PortErrorKind};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use futures_util::future::try_join_all;
use serde::de::DeserializeOwned;

use super::Table;
use super::index::{PARTITIONS, part_key};
use super::item::{Item, file, new, read, text};
use super::states::state;
use crate::error::port_error;

/// The most keys of one `BatchGetItem`.
const BATCH: usize = 100;

/// How often a batch's keys are requested: those that were not processed again after a pause, then after a longer
/// one.
const ROUNDS: u32 = 8;

/// The first pause.
const PAUSE: Duration = Duration::from_millis(50);

impl Lists for Table {
    async fn at_rest(
        &self,
        listing: Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let limit = limit.clamp(1, 1000);
        let parts = (0..PARTITIONS).map(|part| self.part(listing, part, after, limit));
        let mut entries = Vec::new();
        let mut more = false;
        for part in try_join_all(parts).await? {
            more |= part.1;
            entries.extend(part.0);
        }
        // Each part has returned its first entries, so the first of all are among them.
        entries.sort_unstable();
        more |= entries.len() > limit;
        entries.truncate(limit);
        let next = entries
            .last()
            .filter(|_| more)
            .map(|entry| entry.order.clone());
        let rows = self.records(entries).await?.into_iter().filter(|state| {
            // The index lags behind, so files that have moved on since are left out.
            if listing.failed {
                let delivery = state.delivery.as_ref();
                state.is_failed_at_rest()
                    && delivery.is_some_and(|d| d.stage_id == listing.stage_id)
            } else {
                state.status.is_at_rest() && state.visit.stage_id == listing.stage_id
            }
        });
        Ok(Page {
            rows: rows.collect(),
            next,
        })
    }

    async fn visits(&self, key: &FileKey) -> Result<Vec<VisitRecord>, PortError> {
        let mut visits: Vec<VisitRecord> = self.under(key, "VISIT#").await?;
        visits.sort_by_key(|record| record.visit.sequence);
        Ok(visits)
    }

    async fn attempts(&self, key: &FileKey) -> Result<Vec<AttemptRecord>, PortError> {
        let mut attempts: Vec<AttemptRecord> = self.under(key, "ATTEMPT#").await?;
        attempts.sort_by_key(|record| (record.summary.at, record.summary.attempt));
        Ok(attempts)
    }

    async fn rejections(&self, key: &FileKey) -> Result<Vec<Rejection>, PortError> {
        let mut rejections: Vec<Rejection> = self.under(key, "REJECTION#").await?;
        rejections.sort_by_key(|record| record.at);
        Ok(rejections)
    }
}

/// An index entry: its place in the listing, and its record's partition key.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    order: String,
    pk: String,
}

impl Table {
    /// The first entries of one part, and whether there are more.
    async fn part(
        &self,
        listing: Listing,
        part: u8,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Entry>, bool), PortError> {
        let (index, pk, sk) = if listing.failed {
            ("failed", "failed_pk", "failed_sk")
        } else {
            ("at-rest", "rest_pk", "rest_sk")
        };
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index)
            .key_condition_expression("#p = :stage AND #s > :after")
            .expression_attribute_names("#p", pk)
            .expression_attribute_names("#s", sk)
            .expression_attribute_values(":stage", text(part_key(listing.stage_id, part)))
            // A sort key is never empty; a space comes before every digit.
            .expression_attribute_values(":after", text(after.unwrap_or(" ")))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await
            .map_err(|error| port_error("list files", &error))?;
        let more = page.last_evaluated_key.is_some();
        let entries = page.items.unwrap_or_default().into_iter();
        let entries = entries.filter_map(|entry| {
            Some(Entry {
                order: string(&entry, sk)?.to_owned(),
                pk: string(&entry, "pk")?.to_owned(),
            })
        });
        Ok((entries.collect(), more))
    }

    /// The records of index entries, in the order of the entries.
    async fn records(&self, entries: Vec<Entry>) -> Result<Vec<FileState>, PortError> {
        let mut found = HashMap::new();
        for batch in entries.chunks(BATCH) {
            let keys = batch
                .iter()
                .map(|entry| new(entry.pk.clone(), "STATE".to_owned()));
            let mut left: Vec<Item> = keys.collect();
            for round in 0..ROUNDS {
                if round > 0 {
                    tokio::time::sleep(PAUSE * round).await;
                }
                left = self.fetch(left, &mut found).await?;
                if left.is_empty() {
                    break;
                }
            }
            if !left.is_empty() {
                return Err(PortError::new(
                    PortErrorKind::Throttled,
                    "read listed files",
                ));
            }
        }
        Ok(entries
            .iter()
            .filter_map(|entry| found.remove(&entry.pk))
            .collect())
    }

    /// Reads a batch, and returns the keys that were not processed.
    async fn fetch(
        &self,
        keys: Vec<Item>,
        found: &mut HashMap<String, FileState>,
    ) -> Result<Vec<Item>, PortError> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .consistent_read(true)
            .build()
            .map_err(|error| crate::error::corrupt("read listed files", error))?;
        let got = self
            .client
            .batch_get_item()
            .request_items(&self.name, wanted)
            .send()
            .await
            .map_err(|error| port_error("read listed files", &error))?;
        for item in got
            .responses
            .unwrap_or_default()
            .remove(&self.name)
            .unwrap_or_default()
        {
            let record = state(&item)?;
            found.insert(file(&record.key), record);
        }
        let left = got.unprocessed_keys.unwrap_or_default().remove(&self.name);
        Ok(left.map(|left| left.keys).unwrap_or_default())
    }

    async fn under<T: Formatted + DeserializeOwned>(
        &self,
        key: &FileKey,
        prefix: &str,
    ) -> Result<Vec<T>, PortError> {
        let mut rows = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let page = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                .expression_attribute_values(":pk", text(file(key)))
                .expression_attribute_values(":prefix", text(prefix))
                .consistent_read(true)
                .set_exclusive_start_key(start)
                .send()
                .await
                .map_err(|error| port_error("list history", &error))?;
            for item in page.items.unwrap_or_default() {
                rows.push(read("read history", &item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}
