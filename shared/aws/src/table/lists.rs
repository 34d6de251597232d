use delivery::format::Formatted;
use delivery::ports::{Listing, Lists, Page, PortError};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use serde::de::DeserializeOwned;

use super::Table;
use super::at_rest::AtRestIndex;
use super::index::{AT_REST, FAILED};
use super::item::{Item, file, read, text};
use crate::error::port_error;

impl Lists for Table {
    /// Failed files by their index, and all files at rest by theirs if it has all of them, or else by a scan: its pages
    /// are not in order, and some are empty.
    async fn at_rest(
        &self,
        listing: &Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let limit = limit.clamp(1, 1000);
        if listing.failed {
            self.query(FAILED, listing, after, limit).await
        } else if self.index_at_rest == AtRestIndex::Complete {
            self.query(AT_REST, listing, after, limit).await
        } else {
            self.scan(listing, after, limit).await
        }
    }

    fn reads_all_records(&self, listing: &Listing) -> bool {
        !listing.failed && self.index_at_rest != AtRestIndex::Complete
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
