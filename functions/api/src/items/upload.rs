//! Documents that are too large for a request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, Path, RawQuery, State};
use delivery::{Document, DocumentReader, FileKey};
use futures_util::TryStreamExt;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::register::{dataset_of, described, registered};
use crate::api::{Api, Calls, Engine};
use crate::error::{ApiError, ErrorBody};
use crate::path::{InTeam, OfItem};
use crate::principal::Principal;
use crate::refused::{Forbidden, Invalid, Missing, Refused};
use crate::request::uuid;
use crate::respond::{Answer, ok};

/// The largest document that is read to register its item: 100 MiB.
const LARGEST: u64 = 100 * 1024 * 1024;

/// How long a URL takes documents.
const EXPIRY: Duration = Duration::from_mins(15);

/// Where to put a document.
#[derive(Serialize, ToSchema)]
pub(crate) struct Upload {
    item_id: Uuid,
    /// Takes the document, by `PUT` and without a key.
    upload_url: String,
    /// How long it does, in seconds.
    expires_in: u64,
}

/// Ask for a URL to upload a large document to.
///
/// The item's next call has what is put there. Register the item afterwards, so that lists show it. A server that takes large
/// documents by `register_item` has no such URLs (`not_supported_here`).
#[utoipa::path(
    post, path = "/v2/teams/{team}/items/{id}/upload", tag = "items", operation_id = "upload_document",
    params(
        InTeam,
        OfItem,
    ),
    responses(
        (status = 200, description = "The URL", body = Upload),
        (status = 409, description = "There are no such URLs here", body = ErrorBody),
        Refused,
        Missing,
        Forbidden,
        Invalid,
    ),
)]
pub(crate) async fn upload<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
) -> Result<Answer, ApiError> {
    principal.may_assign()?;
    let item_id = uuid("id", &id)?;
    let key = FileKey { team, item_id };
    let upload_url = api.store.upload_url(&key, EXPIRY).await?;
    let upload_url = upload_url.ok_or_else(|| {
        let message = "there is no such URL here: register the item with its document in the body";
        ApiError::conflict("not_supported_here", message)
    })?;
    ok(&Upload {
        item_id,
        upload_url,
        expires_in: EXPIRY.as_secs(),
    })
}

/// Register the item of a document that was uploaded.
#[utoipa::path(
    post, path = "/v2/teams/{team}/items/{id}/register", tag = "items", operation_id = "register_uploaded_item",
    params(
        InTeam,
        OfItem,
        ("dataset_id" = Option<u64>, Query, description = "V7's number of the dataset, if the document does not say it"),
    ),
    responses(
        (status = 201, description = "The item is registered", body = super::view::Item),
        (status = 200, description = "It was registered before", body = super::view::Item),
        Refused,
        Missing,
        Forbidden,
        Invalid,
    ),
)]
pub(crate) async fn register_uploaded<S: Engine, C: Calls<S>>(
    State(api): State<Arc<Api<S, C>>>,
    Extension(principal): Extension<Principal>,
    Path((team, id)): Path<(String, String)>,
    RawQuery(text): RawQuery,
) -> Result<Answer, ApiError> {
    principal.may_assign()?;
    let dataset_id = dataset_of(text.as_deref())?;
    let item_id = uuid("id", &id)?;
    let key = FileKey { team, item_id };
    let document = read(api.store.open(&key, None).await?).await?;
    let about = described(&document, &key.team)?;
    if about.item_id.is_some_and(|own| own != item_id) {
        let message = "the document that was uploaded is another item's";
        return Err(ApiError::invalid("item.source_info.item_id", message));
    }
    let before = api.store.item(&key).await?;
    registered(&api, key, about, dataset_id, before.is_some()).await
}

async fn read<R: DocumentReader>(document: Document<R>) -> Result<Vec<u8>, ApiError> {
    let large = match document {
        Document::Bytes(bytes) => return Ok(bytes.into()),
        Document::Large(large) => large,
    };
    if large.length() > LARGEST {
        let message = format!(
            "a document can have at most {} MiB",
            LARGEST / (1024 * 1024)
        );
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, "document_too_large", message));
    }
    let mut stream = large.stream().await?;
    let mut bytes = Vec::with_capacity(usize::try_from(large.length()).unwrap_or_default());
    while let Some(chunk) = stream.try_next().await? {
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
