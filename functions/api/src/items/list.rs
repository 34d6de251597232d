use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use axum::extract::{Extension, Path, RawQuery, State};
use delivery::{ItemFilter, Listed};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::Workflow;

use super::filter::{Filters, InQuery, status_of};
use super::view::{Item, view};
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::path::InTeam;
use crate::principal::Principal;
use crate::refused::{Invalid, Missing, Refused};
use crate::request::{query, uuid};
use crate::respond::{Answer, ok};

/// The largest page, and the page of whoever does not say.
const LARGEST_PAGE: usize = 500;

/// How many items can be left out. Whoever goes further wants `page[from]`.
const LARGEST_OFFSET: usize = 10_000_000;

/// Parameters of V7's client that make no difference here.
const IGNORED: [&str; 3] = ["include_workflow_data", "include_thumbnails", "worker"];

/// A page of items.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemPage {
    items: Vec<Item>,
    page: PageOfItems,
}

#[derive(Serialize, ToSchema)]
struct PageOfItems {
    /// How many items this page has.
    count: usize,
    /// The `page[from]` of the next page; none at the end.
    next: Option<Uuid>,
    /// V7's field; pages go forward only.
    previous: Option<Uuid>,
}

/// Ids of items.
#[derive(Serialize, ToSchema)]
pub(crate) struct ItemIds {
    item_ids: Vec<Uuid>,
}

/// How many items there are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Counts {
    /// All that the filters let through.
    total_item_count: u64,
    /// The same by status.
    statuses: BTreeMap<String, u64>,
    /// The same by stage, without items in their Dataset.
    workflow_stages: BTreeMap<Uuid, u64>,
}

struct Wanted {
    filter: ItemFilter,
    workflows: Vec<Arc<Workflow>>,
    from: Option<Uuid>,
    offset: usize,
    size: usize,
}

/// List items, in an order that stays the same.
///
/// Workers see the items that are assigned to them.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items", tag = "items", operation_id = "list_items",
    params(
        InTeam,
        InQuery,
        ("page[size]" = Option<usize>, Query, minimum = 1, maximum = 500, description = "1 to 500, which is the default"),
        ("page[from]" = Option<Uuid>, Query, description = "Items after this one"),
        ("page[offset]" = Option<usize>, Query, maximum = 10_000_000, description = "Leave out as many items; `page[from]` is quicker"),
    ),
    responses(
        (status = 200, description = "A page of items", body = ItemPage),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn list<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    RawQuery(text): RawQuery,
) -> Result<Answer, ApiError> {
    let wanted = wanted(&api, &principal, &team, text.as_deref()).await?;
    let (rows, next) = page(&api, &team, &wanted).await?;
    let items: Vec<Item> = rows
        .into_iter()
        .map(|listed| view(listed, &wanted.workflows))
        .collect();
    let page = PageOfItems {
        count: items.len(),
        next,
        previous: None,
    };
    ok(&ItemPage { items, page })
}

/// List the ids of items. There is one page: of more than 100,000 items the first are listed.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items/list_ids", tag = "items", operation_id = "list_item_ids",
    params(
        InTeam,
        InQuery,
    ),
    responses(
        (status = 200, description = "The ids", body = ItemIds),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn list_ids<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    RawQuery(text): RawQuery,
) -> Result<Answer, ApiError> {
    const MOST: usize = 100_000;
    let mut wanted = wanted(&api, &principal, &team, text.as_deref()).await?;
    let mut item_ids = Vec::new();
    loop {
        let (rows, next) = page(&api, &team, &wanted).await?;
        item_ids.extend(rows.into_iter().map(|listed| listed.item.key.item_id));
        wanted.offset = 0;
        wanted.from = next;
        if next.is_none() || item_ids.len() >= MOST {
            item_ids.truncate(MOST);
            return ok(&ItemIds { item_ids });
        }
    }
}

/// Count items, in all, by status and by stage.
#[utoipa::path(
    get, path = "/v2/teams/{team}/items/general_counts", tag = "items", operation_id = "count_items",
    params(
        InTeam,
        InQuery,
    ),
    responses(
        (status = 200, description = "The counts", body = Counts),
        Refused,
        Missing,
        Invalid,
    ),
)]
pub(crate) async fn general_counts<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    RawQuery(text): RawQuery,
) -> Result<Answer, ApiError> {
    let wanted = wanted(&api, &principal, &team, text.as_deref()).await?;
    let stages = wanted.workflows.iter();
    let stages: HashMap<Uuid, &str> = stages
        .flat_map(|workflow| &workflow.stages)
        .map(|stage| (stage.id, status_of(&stage.kind)))
        .collect();
    let statuses = stages.values().copied().chain(["new"]);
    let mut statuses: BTreeMap<String, u64> =
        statuses.map(|status| (status.to_owned(), 0)).collect();
    let mut total_item_count = 0;
    let mut workflow_stages = BTreeMap::new();
    for (stage, count) in api.store.count_items(&team, &wanted.filter).await? {
        let status = stage.and_then(|stage| stages.get(&stage));
        *statuses
            .entry((*status.unwrap_or(&"new")).to_owned())
            .or_default() += count;
        total_item_count += count;
        if let Some(stage) = stage {
            workflow_stages.insert(stage, count);
        }
    }
    ok(&Counts {
        total_item_count,
        statuses,
        workflow_stages,
    })
}

async fn wanted<S: Engine, C>(
    api: &Api<S, C>,
    principal: &Principal,
    team: &str,
    text: Option<&str>,
) -> Result<Wanted, ApiError> {
    let (filters, others) = Filters::of_query(query(text))?;
    let (mut from, mut offset, mut size) = (None, 0, LARGEST_PAGE);
    for (name, value) in others {
        let number = || {
            let number = value.parse::<usize>().ok();
            number.ok_or_else(|| ApiError::invalid(&name, format!("{name} is a number")))
        };
        match name.as_str() {
            "page[from]" => from = Some(uuid("page[from]", &value)?),
            "page[offset]" => {
                offset = number()?;
                if offset > LARGEST_OFFSET {
                    let message =
                        format!("page[offset] is at most {LARGEST_OFFSET}: use page[from]");
                    return Err(ApiError::invalid("page[offset]", message));
                }
            }
            "page[size]" => {
                size = number()?;
                if !(1..=LARGEST_PAGE).contains(&size) {
                    let message = format!("page[size] is 1 to {LARGEST_PAGE}");
                    return Err(ApiError::invalid("page[size]", message));
                }
            }
            known if IGNORED.contains(&known) || known.starts_with("sort") => {}
            other => {
                return Err(ApiError::invalid(
                    other,
                    format!("{other} is not known here"),
                ));
            }
        }
    }
    let workflows = api.store.workflows_of(team).await?;
    let filter = filters.resolve(&workflows)?;
    Ok(Wanted {
        filter: ItemFilter {
            assignee: principal.is_worker().then_some(principal.user_id),
            ..filter
        },
        workflows,
        from,
        offset,
        size,
    })
}

/// The rows of one page, and where the next begins.
async fn page<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    wanted: &Wanted,
) -> Result<(Vec<Listed>, Option<Uuid>), ApiError> {
    let mut rows = Vec::new();
    let (mut after, mut to_skip) = (wanted.from, wanted.offset);
    loop {
        let limit = (to_skip + wanted.size - rows.len()).min(1000);
        let page = api.store.items(team, &wanted.filter, after, limit).await?;
        let skipped = to_skip.min(page.rows.len());
        to_skip -= skipped;
        rows.extend(page.rows.into_iter().skip(skipped));
        after = page
            .next
            .as_deref()
            .and_then(|next| Uuid::parse_str(next).ok());
        if after.is_none() || rows.len() >= wanted.size {
            return Ok((rows, after));
        }
    }
}
