use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Extension, Path, RawQuery, State};
use bytes::Bytes;
use delivery::ports::NewDocument;
use delivery::{FileKey, Item, Timestamp};
use http::{HeaderMap, StatusCode};
use uuid::Uuid;
use webhook::{Described, describe};

use super::view::view;
use crate::api::{Api, Calls, Engine};
use crate::error::ApiError;
use crate::number::LARGEST;
use crate::path::InTeam;
use crate::principal::Principal;
use crate::refused::{Forbidden, InvalidBody, Missing, Refused};
use crate::request::{is_json, new_id, query};
use crate::respond::{Answer, created, ok};

/// Register a file.
///
/// The body is its Darwin JSON 2.0 document, which receivers get byte for byte. The item's id is the document's, or else
/// derived from the `Idempotency-Key`, or from dataset, path and name. A file that is registered again keeps its place, and its
/// next call has the new document.
#[utoipa::path(
    post, path = "/v2/teams/{team}/items", tag = "items", operation_id = "register_item",
    params(
        InTeam,
        ("dataset_id" = Option<u64>, Query, description = "V7's number of the dataset, if the document does not say it"),
        ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, description = "The same key makes the same item, if the document has no id"),
    ),
    request_body(content = Object, description = "The document"),
    responses(
        (status = 201, description = "The item is registered", body = super::view::Item),
        (status = 200, description = "It was registered before, and its document is replaced", body = super::view::Item),
        Refused,
        Missing,
        Forbidden,
        InvalidBody,
    ),
)]
pub(crate) async fn register<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path(team): Path<String>,
    RawQuery(text): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Answer, ApiError> {
    principal.may_assign()?;
    is_json(&headers)?;
    let dataset_id = dataset_of(text.as_deref())?;
    let about = described(&body, &team)?;
    let item_id = match about.item_id {
        Some(id) => id,
        None if headers.contains_key("idempotency-key") => new_id(&headers, &team, "item")?,
        None => about.derived_id(None),
    };
    let key = FileKey { team, item_id };
    let before = api.store.item(&key).await?;
    let document = NewDocument {
        key: key.clone(),
        name: about.name.clone(),
        digest: Uuid::new_v5(&Uuid::NAMESPACE_OID, &body),
        bytes: body,
    };
    api.store.put_documents(vec![document]).await?;
    registered(&api, key, about, dataset_id, before.is_some()).await
}

/// The dataset that a query names.
pub(super) fn dataset_of(text: Option<&str>) -> Result<Option<u64>, ApiError> {
    let mut dataset_id = None;
    for (name, value) in query(text) {
        if name != "dataset_id" {
            return Err(ApiError::invalid(
                &name,
                format!("{name} is not known here"),
            ));
        }
        let number = value.parse().ok();
        let number = number.filter(|number| *number <= LARGEST);
        dataset_id = Some(number.ok_or_else(|| ApiError::invalid("dataset_id", "it is a number"))?);
    }
    Ok(dataset_id)
}

/// What a team's document says about its item.
pub(super) fn described(document: &[u8], team: &str) -> Result<Described, ApiError> {
    let mut about = describe(document, "")
        .map_err(|why| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_document", why))?;
    team.clone_into(&mut about.team);
    checked(&about)?;
    Ok(about)
}

/// Registers the item of a document that is stored.
pub(super) async fn registered<S: Engine, C>(
    api: &Api<S, C>,
    key: FileKey,
    about: Described,
    dataset_id: Option<u64>,
    was_known: bool,
) -> Result<Answer, ApiError> {
    let now = Timestamp::from(SystemTime::now());
    let item = Item {
        key: key.clone(),
        name: about.name,
        path: about.folder.unwrap_or_else(|| "/".to_owned()),
        dataset_id: dataset_id.or(about.dataset_id),
        slots: about.slots,
        inserted_at: now,
        updated_at: now,
    };
    api.store.put_items(vec![item]).await?;
    let found = api.store.item(&key).await?;
    let found = found.ok_or_else(|| ApiError::not_found("item"))?;
    let shown = view(found, &api.store.workflows_of(&key.team).await?);
    if was_known {
        ok(&shown)
    } else {
        created(&shown)
    }
}

/// V7's rules for names, by which its clients read an item.
fn checked(about: &Described) -> Result<(), ApiError> {
    if about.name.is_empty() {
        return Err(ApiError::invalid("item.name", "the item needs a name"));
    }
    if about.name.contains('/') {
        let message = "the item's name has a slash: put its folder into item.path";
        return Err(ApiError::invalid("item.name", message));
    }
    Ok(())
}
