use std::collections::BTreeMap;
use std::future::Future;

use uuid::Uuid;

use super::{Page, PortError};
use crate::item::{Item, ItemFilter, Listed};
use crate::state::FileKey;

/// The registered items of teams. Lists are eventually consistent.
pub trait Items: Send + Sync {
    /// Stores what is known of items, in place of what was known before; `inserted_at` stays as it first was.
    fn put_items(&self, items: Vec<Item>) -> impl Future<Output = Result<(), PortError>> + Send;

    /// An item of a team.
    fn item(&self, key: &FileKey)
    -> impl Future<Output = Result<Option<Listed>, PortError>> + Send;

    /// A team's items in an order of the engine's own, which stays the same: at most `limit` (1 to 1,000) a page. The token of
    /// a page is the id of the last item that was looked at. A page may be empty although there are more.
    fn items(
        &self,
        team: &str,
        filter: &ItemFilter,
        after: Option<Uuid>,
        limit: usize,
    ) -> impl Future<Output = Result<Page<Listed>, PortError>> + Send;

    /// How many of a team's items are wanted, by the stage that they are in; none for those in their Dataset. An engine may
    /// refuse to look through very many: [`TooMany`](super::PortErrorKind::TooMany).
    fn count_items(
        &self,
        team: &str,
        filter: &ItemFilter,
    ) -> impl Future<Output = Result<BTreeMap<Option<Uuid>, u64>, PortError>> + Send;
}

/// Implements [`Items`] for a type by that of its field.
#[macro_export]
macro_rules! items_by {
    ($type:ty: $field:ident) => {
        impl $crate::ports::Items for $type {
            async fn put_items(
                &self,
                items: Vec<$crate::Item>,
            ) -> Result<(), $crate::ports::PortError> {
                self.$field.put_items(items).await
            }

            async fn item(
                &self,
                key: &$crate::FileKey,
            ) -> Result<Option<$crate::Listed>, $crate::ports::PortError> {
                self.$field.item(key).await
            }

            async fn items(
                &self,
                team: &str,
                filter: &$crate::ItemFilter,
                after: Option<uuid::Uuid>,
                limit: usize,
            ) -> Result<$crate::ports::Page<$crate::Listed>, $crate::ports::PortError> {
                self.$field.items(team, filter, after, limit).await
            }

            async fn count_items(
                &self,
                team: &str,
                filter: &$crate::ItemFilter,
            ) -> Result<
                std::collections::BTreeMap<Option<uuid::Uuid>, u64>,
                $crate::ports::PortError,
            > {
                self.$field.count_items(team, filter).await
            }
        }
    };
}
