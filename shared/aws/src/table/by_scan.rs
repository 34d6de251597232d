//! Files at rest by a scan of the table. It costs half a read unit for each 4 KB, and no write when a file comes to rest.

use aws_sdk_dynamodb::types::AttributeValue;
use delivery::FileState;
use delivery::ports::{Listing, Page, PortError};
use futures_util::future::try_join_all;

use super::Table;
use super::index::order;
use super::item::{new, text};
use super::states::state;
use super::unfinished::unreadable;
use crate::error::{corrupt, port_error};

/// The most segments that are scanned at the same time. A scan of one after the other takes minutes for a million
/// records.
const SEGMENTS: usize = 8;

/// Where each segment of a scan continues: the keys of the last item that was read, or that the segment is not begun
/// or at its end.
type Places = Vec<Place>;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
enum Place {
    Begin,
    After(String, String),
    End,
}

impl Table {
    /// A page of the files that rest in these stages. Each request reads at most its share of `limit`, so that no row is
    /// read and then left for another page.
    pub(super) async fn scan(
        &self,
        listing: &Listing,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<FileState>, PortError> {
        let what = "list files";
        let places: Places = match after {
            Some(cursor) => serde_json::from_str(cursor).map_err(|error| corrupt(what, error))?,
            None => vec![Place::Begin; SEGMENTS.min(limit)],
        };
        let share = limit / places.len().max(1);
        let of = places.len();
        let segments = places.into_iter().enumerate();
        let segments = segments.map(|(number, place)| self.segment(number, of, place, share));
        let mut rows = Vec::new();
        let mut places = Vec::new();
        for (found, place) in try_join_all(segments).await? {
            rows.extend(found);
            places.push(place);
        }
        rows.retain(|state| listing.stages.contains(&state.visit.stage_id));
        rows.sort_by_cached_key(order);
        let is_over = places.iter().all(|place| matches!(place, Place::End));
        let next = (!is_over).then(|| serde_json::to_string(&places));
        let next = next.transpose().map_err(|error| corrupt(what, error))?;
        Ok(Page { rows, next })
    }

    /// The files at rest among the next `share` items of a segment.
    async fn segment(
        &self,
        number: usize,
        of: usize,
        place: Place,
        share: usize,
    ) -> Result<(Vec<FileState>, Place), PortError> {
        let number_of = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        let start = match place {
            Place::Begin => None,
            Place::After(pk, sk) => Some(new(pk, sk)),
            Place::End => return Ok((Vec::new(), Place::End)),
        };
        let page = self
            .client
            .scan()
            .table_name(&self.name)
            .segment(number_of(number))
            .total_segments(number_of(of))
            .limit(number_of(share.max(1)))
            .filter_expression("sk = :state AND #s IN (:waiting, :complete)")
            .expression_attribute_names("#s", "status")
            .expression_attribute_values(":state", text("STATE"))
            .expression_attribute_values(":waiting", text("waiting"))
            .expression_attribute_values(":complete", text("complete"))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| port_error("list files", &error))?;
        let rows = page.items.unwrap_or_default();
        // One that cannot be read must not hide the others; the audit reports it.
        let read = |item| state(item).inspect_err(|error| unreadable(item, error));
        let rows = rows.iter().filter_map(|item| read(item).ok()).collect();
        let place = match page.last_evaluated_key {
            None => Place::End,
            Some(key) => match (key.get("pk"), key.get("sk")) {
                (Some(AttributeValue::S(pk)), Some(AttributeValue::S(sk))) => {
                    Place::After(pk.clone(), sk.clone())
                }
                _ => return Err(corrupt("list files", "the key is incomplete")),
            },
        };
        Ok((rows, place))
    }
}
