//! What is asked of all of a team's items at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use delivery::ports::{Items, PortError, PortErrorKind};
use delivery::{ItemFilter, Listed};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::Registry;
use super::place::SHARDS;

/// The most items that are looked through for one request. With their records that takes some ten seconds, and an API has
/// thirty.
const MOST: usize = 100_000;

/// The items of one read.
const READ: usize = 500;

impl Registry {
    /// How many are wanted, by stage.
    pub(super) async fn count(
        &self,
        team: &str,
        filter: &ItemFilter,
    ) -> Result<BTreeMap<Option<Uuid>, u64>, PortError> {
        let counts = Mutex::new(BTreeMap::new());
        let add = |listed: &Listed| {
            let stage = listed.state.as_ref().map(|state| state.visit.stage_id);
            let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
            *counts.entry(stage).or_default() += 1;
        };
        if filter.items.is_some() {
            let mut after = None;
            loop {
                let page = self.items(team, filter, after, READ).await?;
                for listed in &page.rows {
                    add(listed);
                }
                after = page.next.and_then(|next| Uuid::parse_str(&next).ok());
                if after.is_none() {
                    break;
                }
            }
        } else {
            let all = |listed: &Listed| {
                add(listed);
                true
            };
            self.look_through(team, filter, &all).await?;
        }
        Ok(counts.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Shows all of a team's items that are wanted, all shards at the same time, until `see` says that it has seen enough.
    pub(super) async fn look_through(
        &self,
        team: &str,
        filter: &ItemFilter,
        see: &(impl Fn(&Listed) -> bool + Sync),
    ) -> Result<(), PortError> {
        let (looked, is_over) = (&AtomicUsize::new(0), &AtomicBool::new(false));
        let shards = (0..SHARDS).map(|shard| async move {
            let mut after = None;
            loop {
                let part = self.part(team, shard, after, READ).await?;
                let count = part.items.len();
                if looked.fetch_add(count, Ordering::Relaxed) + count > MOST {
                    let what = "look through a team's items";
                    return Err(PortError::new(PortErrorKind::TooMany, what));
                }
                after = part.items.last().map(|last| last.key.item_id);
                let listed = self.with_records(part.items, filter).await?;
                if !listed.iter().all(see) {
                    is_over.store(true, Ordering::Relaxed);
                }
                if !part.has_more || is_over.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
        });
        try_join_all(shards).await.map(drop)
    }
}
