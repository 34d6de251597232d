use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::byte_stream::error::Error as ByteStreamError;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use bytes::Bytes;
use delivery::ports::{DocumentError, Documents, PortError, PortErrorKind};
use delivery::{Document, DocumentReader, DocumentRef, FileKey, Reason, S3Object};
use futures_util::Stream;

use crate::agent::Agent;
use crate::error::port_error;

/// Documents up to this size are read whole, larger ones are streamed to the receiver.
const MEMORY_LIMIT: u64 = 1024 * 1024;

/// How long an object's bytes may stay away, which is the SDK's default.
const STALLED: Duration = Duration::from_secs(5);

/// The document bucket. A file's document is `<team>/<item>.json`.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Bucket {
    /// The bucket with this name. With a custom endpoint objects are addressed by path, because such endpoints
    /// do not have a host name for each bucket.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>) -> Self {
        Self {
            client: client(config),
            name: name.into(),
        }
    }

    /// Opens a connection before the first document needs it.
    pub async fn warm(&self) {
        let _ = self.client.head_bucket().bucket(&self.name).send().await;
    }

    /// Stores a file's document over an operator's connection, with a timeout that depends on its size.
    ///
    /// # Errors
    /// [`PortError`] when the bucket fails.
    pub async fn upload(&self, key: &FileKey, bytes: Bytes) -> Result<(), PortError> {
        let own_timeouts =
            aws_sdk_s3::config::Builder::new().timeout_config(upload_timeouts(bytes.len()));
        let put = self.put(key, bytes).customize();
        let stored = put.config_override(own_timeouts).send().await;
        stored
            .map(|_| ())
            .map_err(|error| port_error("store a document", &error))
    }

    /// A URL that takes a file's document by PUT until it expires, or until the process's credentials do.
    ///
    /// # Errors
    /// [`PortError`] when there are no credentials to sign it with.
    #[cfg(feature = "service")]
    pub async fn upload_url(&self, key: &FileKey, expiry: Duration) -> Result<String, PortError> {
        let what = "presign a document's URL";
        let expiry = aws_sdk_s3::presigning::PresigningConfig::expires_in(expiry)
            .map_err(|error| PortError::caused(PortErrorKind::Corrupt, what, error))?;
        // No header is signed besides the host: whoever puts the document need not know of any.
        let put = self.client.put_object().bucket(&self.name);
        let put = put.key(object_key(key)).presigned(expiry).await;
        let put = put.map_err(|error| port_error(what, &error))?;
        Ok(put.uri().to_owned())
    }

    fn put(&self, key: &FileKey, bytes: Bytes) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(object_key(key))
            .content_type("application/json")
            .body(ByteStream::from(bytes))
    }
}

/// The timeout of an upload: a minute, and another for each MiB, so that even 20 KB/s per upload is enough.
///
/// It only ends an upload that hangs, which the SDK's protection against stalled streams does not notice: it
/// takes a body in memory as sent as soon as the socket's buffer has it.
fn upload_timeouts(bytes: usize) -> TimeoutConfig {
    let mebibytes = u64::try_from(bytes / (1024 * 1024)).unwrap_or(u64::MAX);
    let attempt = Duration::from_secs(60_u64.saturating_mul(mebibytes.saturating_add(1)));
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(10))
        .operation_attempt_timeout(attempt)
        .disable_operation_timeout()
        .build()
}

pub(crate) fn client(config: &SdkConfig) -> Client {
    let own_endpoint = config.endpoint_url().is_some();
    let config = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(own_endpoint)
        .interceptor(Agent)
        .stalled_stream_protection(
            StalledStreamProtectionConfig::enabled()
                .grace_period(STALLED)
                .build(),
        )
        .build();
    Client::from_conf(config)
}

fn object_key(key: &FileKey) -> String {
    format!("{}/{}.json", key.team, key.item_id)
}

/// A large object, pinned to the version or `ETag` that was seen first: a signed body is read twice, and must be
/// the same both times.
#[derive(Debug)]
pub struct ObjectReader {
    client: Client,
    object: S3Object,
    length: u64,
    /// The stream that opening the object began to read, so that the first reader needs no further request.
    begun: Mutex<Option<ByteStream>>,
}

impl DocumentReader for ObjectReader {
    type Stream = ObjectStream;

    fn length(&self) -> u64 {
        self.length
    }

    async fn stream(&self) -> Result<ObjectStream, PortError> {
        let begun = self
            .begun
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(body) = begun {
            return Ok(ObjectStream(body));
        }
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
        Pin::new(&mut self.0)
            .poll_next(context)
            .map(|next| next.map(|chunk| chunk.map_err(|error| broken(&error))))
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
            // A command in a team's name can use that team's documents, and no other's.
            Some(DocumentRef::S3(object))
                if object.bucket == self.name
                    && !object.key.starts_with(&format!("{}/", key.team)) =>
            {
                return Err(DocumentError::Reason(Reason::DocumentForbidden));
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
            .map_err(|error| self.document_error(&object, &error))?;
        let length = got
            .content_length
            .and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or_else(|| {
            let kind = PortErrorKind::Unavailable;
            DocumentError::Port(PortError::new(kind, "open a document of unknown length"))
        })?;
        if length > MEMORY_LIMIT {
            let object = S3Object {
                etag: got.e_tag.or(object.etag),
                ..object
            };
            return Ok(Document::Large(ObjectReader {
                client: self.client.clone(),
                object,
                length,
                begun: Mutex::new(Some(got.body)),
            }));
        }
        let bytes = got.body.collect().await;
        let bytes = bytes.map_err(|error| DocumentError::Port(broken(&error)))?;
        Ok(Document::Bytes(bytes.into_bytes()))
    }

    async fn store(&self, key: &FileKey, document: Bytes) -> Result<(), PortError> {
        let stored = self.put(key, document).send().await;
        stored
            .map(|_| ())
            .map_err(|error| port_error("store a document", &error))
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

impl Bucket {
    /// Tells an error of the document itself from one of the engine.
    fn document_error(
        &self,
        object: &S3Object,
        error: &SdkError<GetObjectError, HttpResponse>,
    ) -> DocumentError {
        let code = error.code();
        let status = error
            .raw_response()
            .map(|response| response.status().as_u16());
        let foreign = object.bucket != self.name;
        let reason = match (status, code) {
            // A missing document bucket means that the deployment is broken, not the file.
            (_, Some("NoSuchBucket")) if !foreign => None,
            // 405: the version is a delete marker. 400, or a request that cannot be made: no object can
            // have such a name or version.
            (Some(404 | 405), _)
            | (Some(400), Some("InvalidArgument" | "InvalidBucketName" | "KeyTooLongError")) => {
                Some(Reason::DocumentMissing)
            }
            (None, _) if matches!(error, SdkError::ConstructionFailure(_)) && foreign => {
                Some(Reason::DocumentMissing)
            }
            (Some(412), _) => Some(Reason::DocumentChanged),
            // The bucket is in another region, from which this deployment does not read.
            (Some(301 | 307), _)
            | (
                Some(400),
                Some("AuthorizationHeaderMalformed" | "IllegalLocationConstraintException"),
            ) if foreign => Some(Reason::DocumentForbidden),
            (Some(403), Some(code)) if ours(code) => None,
            (Some(403), _) => Some(Reason::DocumentForbidden),
            _ => None,
        };
        reason.map_or_else(
            || DocumentError::Port(port_error("open a document", error)),
            DocumentError::Reason,
        )
    }
}

/// Whether a 403 is because of the process's own credentials or clock, not because of the object.
fn ours(code: &str) -> bool {
    matches!(
        code,
        "ExpiredToken"
            | "InvalidAccessKeyId"
            | "InvalidToken"
            | "RequestTimeTooSkewed"
            | "SignatureDoesNotMatch"
    )
}

fn broken(error: &ByteStreamError) -> PortError {
    let kind = PortErrorKind::Unavailable;
    PortError::caused(kind, "read a document", error.to_string())
}
