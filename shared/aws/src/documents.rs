use std::pin::Pin;
use std::task::{Context, Poll};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use bytes::Bytes;
use delivery::ports::{DocumentError, Documents, PortError};
use delivery::{Document, DocumentReader, DocumentRef, FileKey, Reason, S3Object};
use futures_util::Stream;

use crate::error::port_error;

/// Documents up to this size are read whole; larger ones are streamed to the receiver.
const MEMORY_LIMIT: i64 = 1024 * 1024;

/// The document bucket. A file's document is `<team>/<item>.json`.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    /// The bucket of this name. With an endpoint of one's own, objects are addressed by path: such
    /// endpoints have no name for each bucket.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: client(config),
            name: name.into(),
        }
    }

    /// Stores a file's document.
    ///
    /// # Errors
    /// [`PortError`] when the bucket fails.
    pub async fn store(&self, key: &FileKey, bytes: Bytes) -> Result<(), PortError> {
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(object_key(key))
            .content_type("application/json")
            .body(ByteStream::from(bytes));
        put.send()
            .await
            .map(|_| ())
            .map_err(|error| port_error("store a document", &error))
    }
}

pub(crate) fn client(config: &SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    let config = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(own_endpoint)
        .build();
    Client::from_conf(config)
}

fn object_key(key: &FileKey) -> String {
    format!("{}/{}.json", key.team, key.item_id)
}

/// A large object, pinned to the version or `ETag` that was seen first: a signed body is read twice,
/// and must be the same twice.
#[derive(Debug)]
pub struct ObjectReader {
    client: Client,
    object: S3Object,
    length: u64,
}

impl DocumentReader for ObjectReader {
    type Stream = ObjectStream;

    fn length(&self) -> u64 {
        self.length
    }

    async fn stream(&self) -> Result<ObjectStream, PortError> {
        let got = get(&self.client, &self.object).await;
        let got = got.map_err(|error| port_error("read a document", &error))?;
        Ok(ObjectStream(got.body))
    }
}

/// An object's bytes.
#[derive(Debug)]
pub struct ObjectStream(ByteStream);

impl Stream for ObjectStream {
    type Item = Result<Bytes, PortError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(context).map(|next| {
            next.map(|chunk| {
                chunk.map_err(|error| {
                    let kind = delivery::ports::PortErrorKind::Unavailable;
                    PortError::caused(kind, "read a document", error.to_string())
                })
            })
        })
    }
}

impl Documents for Bucket {
    type Reader = ObjectReader;

    async fn open(
        &self,
        key: &FileKey,
        document: Option<&DocumentRef>,
    ) -> Result<Document<ObjectReader>, DocumentError> {
        let object = match document {
            Some(DocumentRef::Inline(json)) => {
                return Ok(Document::Bytes(Bytes::copy_from_slice(
                    json.get().as_bytes(),
                )));
            }
            Some(DocumentRef::S3(object)) => object.clone(),
            None => S3Object {
                bucket: self.name.clone(),
                key: object_key(key),
                version_id: None,
                etag: None,
            },
        };
        let got = get(&self.client, &object)
            .await
            .map_err(|error| document_error(&error))?;
        let length = got.content_length.unwrap_or(0);
        if length > MEMORY_LIMIT {
            let object = S3Object {
                etag: got.e_tag.clone().or(object.etag),
                ..object
            };
            let length = u64::try_from(length).unwrap_or(0);
            return Ok(Document::Large(ObjectReader {
                client: self.client.clone(),
                object,
                length,
            }));
        }
        let bytes = got.body.collect().await.map_err(|error| {
            let kind = delivery::ports::PortErrorKind::Unavailable;
            DocumentError::Port(PortError::caused(
                kind,
                "read a document",
                error.to_string(),
            ))
        })?;
        Ok(Document::Bytes(bytes.into_bytes()))
    }

    async fn keep(&self, key: &FileKey, document: &DocumentRef) -> Result<(), PortError> {
        match document {
            DocumentRef::Inline(json) => {
                self.store(key, Bytes::copy_from_slice(json.get().as_bytes()))
                    .await
            }
            DocumentRef::S3(_) => Ok(()),
        }
    }
}

async fn get(
    client: &Client,
    object: &S3Object,
) -> Result<GetObjectOutput, SdkError<GetObjectError, HttpResponse>> {
    client
        .get_object()
        .bucket(&object.bucket)
        .key(&object.key)
        .set_version_id(object.version_id.clone())
        .set_if_match(object.etag.clone())
        .send()
        .await
}

/// What is the file's own trouble, by S3's status; the rest is the engine's.
fn document_error(error: &SdkError<GetObjectError, HttpResponse>) -> DocumentError {
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match status {
        Some(404) => DocumentError::Reason(Reason::DocumentMissing),
        Some(412) => DocumentError::Reason(Reason::DocumentChanged),
        Some(403) => DocumentError::Reason(Reason::DocumentForbidden),
        _ => DocumentError::Port(port_error("open a document", error)),
    }
}
