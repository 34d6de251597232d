//! A team's items, as the API shows them.

use serde::Deserialize;
use uuid::Uuid;

use crate::backend::remote::Remote;
use crate::error::Error;

#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) workflow_data: Option<Place>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Place {
    pub(super) workflow_id: Uuid,
    pub(super) at_rest: bool,
    pub(super) current_stage_instances: [Visit; 1],
    pub(super) webhook: Option<Webhook>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Visit {
    pub(super) stage_id: Uuid,
    pub(super) entered_at: String,
}

/// The current or last delivery.
#[derive(Debug, Deserialize)]
pub(super) struct Webhook {
    pub(super) stage_id: Uuid,
    pub(super) status: String,
    pub(super) attempts: usize,
    pub(super) calls: usize,
    pub(super) last_status: Option<u16>,
    pub(super) reason: Option<String>,
}

#[derive(Deserialize)]
struct ItemPage {
    items: Vec<Item>,
    page: Next,
}

#[derive(Deserialize)]
struct Next {
    next: Option<Uuid>,
}

/// All items that the filters of a query let through, such as `outcome=failed`.
pub(super) async fn all(remote: &Remote, filters: &str) -> Result<Vec<Item>, Error> {
    let mut found = Vec::new();
    let mut from = String::new();
    loop {
        let page: ItemPage = remote.get(&format!("items?{filters}{from}")).await?;
        found.extend(page.items);
        match page.page.next {
            Some(next) => from = format!("&page[from]={next}"),
            None => return Ok(found),
        }
    }
}
