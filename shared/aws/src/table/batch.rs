//! Many items by their keys.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::KeysAndAttributes;
use delivery::ports::{PortError, PortErrorKind};

use super::item::Item;
use crate::error::{corrupt, port_error};

/// The most keys of one `BatchGetItem`.
pub(crate) const BATCH: usize = 100;

/// How often a batch's keys are requested: those that were not processed again after a pause, then after a longer
/// one.
const ROUNDS: u32 = 8;

/// The first pause.
const PAUSE: Duration = Duration::from_millis(50);

/// The items with these keys, at most [`BATCH`], in any order and without those that do not exist.
pub(crate) async fn get_batch(
    client: &Client,
    what: &'static str,
    table: &str,
    keys: Vec<Item>,
    consistent: bool,
) -> Result<Vec<Item>, PortError> {
    let (mut left, mut found) = (keys, Vec::new());
    for round in 0..ROUNDS {
        if round > 0 {
            tokio::time::sleep(PAUSE * round).await;
        }
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(left))
            .consistent_read(consistent)
            .build()
            .map_err(|error| corrupt(what, error))?;
        let got = client.batch_get_item().request_items(table, wanted);
        let got = got.send().await;
        let got = got.map_err(|error| port_error(what, &error))?;
        found.extend(
            got.responses
                .and_then(|mut all| all.remove(table))
                .unwrap_or_default(),
        );
        // An answer has 16 MB at most, and what is throttled is left out of it.
        let more = got.unprocessed_keys.and_then(|mut all| all.remove(table));
        left = more.map(|more| more.keys).unwrap_or_default();
        if left.is_empty() {
            return Ok(found);
        }
    }
    Err(PortError::new(PortErrorKind::Throttled, what))
}
