use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use delivery::ports::{Listing, Lists, Page, PortError, PortErrorKind};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use serde::de::DeserializeOwned;

use super::Table;
use super::item::{Item, body, file, text};
use crate::error::port_error;

/// Keys of one `BatchGetItem` at most.
const BATCH: usize = 100;

/// Times a batch's unprocessed keys are asked for again.
const ROUNDS: usize = 8;

impl Lists for Table {
    async fn at_rest(
        &self,
        listing: Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let index = if listing.failed { "failed" } else { "at-rest" };
        let (pk, sk) = if listing.failed {
            ("failed_pk", "failed_sk")
        } else {
            ("rest_pk", "rest_sk")
        };
        let page = self
            .client
            .query()
            .table_name(&self.name)
            .index_name(index)
            .key_condition_expression("#p = :stage AND #s > :after")
            .expression_attribute_names("#p", pk)
            .expression_attribute_names("#s", sk)
            .expression_attribute_values(":stage", text(listing.stage_id.to_string()))
            // A sort key is never empty; a space comes before every digit.
            .expression_attribute_values(":after", text(after.unwrap_or(" ")))
            .limit(i32::try_from(limit.clamp(1, 1000)).unwrap_or(1000))
            .send()
            .await
            .map_err(|error| port_error("list files", &error))?;
        let entries = page.items.unwrap_or_default();
        let next = page
            .last_evaluated_key
            .and(entries.last())
            .and_then(|last| match last.get(sk) {
                Some(AttributeValue::S(order)) => Some(order.clone()),
                _ => None,
            });
        let rows = self.records(entries).await?.into_iter().filter(|state| {
            // The index lags: what has moved on since is not listed.
            let failed = state.delivery.as_ref().map(|delivery| delivery.stage_id);
            let stage = if listing.failed {
                failed
            } else {
                Some(state.visit.stage_id)
            };
            let fits = !listing.failed || state.is_failed_at_rest();
            state.status.is_at_rest() && fits && stage == Some(listing.stage_id)
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

impl Table {
    /// The records behind index entries, in the entries' order.
    async fn records(&self, entries: Vec<Item>) -> Result<Vec<FileState>, PortError> {
        let keys: Vec<Item> = entries
            .into_iter()
            .map(|mut entry| {
                entry.retain(|name, _| name == "pk" || name == "sk");
                entry
            })
            .collect();
        let mut found = HashMap::new();
        for batch in keys.chunks(BATCH) {
            let mut left = batch.to_vec();
            for _ in 0..ROUNDS {
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
        Ok(keys
            .iter()
            .filter_map(|key| found.remove(pk_of(key)?))
            .collect())
    }

    /// Gets a batch; returns the keys that were not processed.
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
            if let Some(pk) = pk_of(&item) {
                found.insert(pk.to_owned(), body("read file state", &item)?);
            }
        }
        let left = got.unprocessed_keys.unwrap_or_default().remove(&self.name);
        Ok(left.map(|left| left.keys).unwrap_or_default())
    }

    async fn under<T: DeserializeOwned>(
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
                rows.push(body("read history", &item)?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn pk_of(item: &Item) -> Option<&str> {
    item.get("pk")?.as_s().ok().map(String::as_str)
}
