use std::convert::Infallible;
use std::future::Future;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::PortError;

/// Where an assignment's document is. A message without it means the document stored for the item.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentRef {
    /// The Darwin JSON itself, byte for byte. Only for small documents, since it goes through both queues.
    Inline(Box<RawValue>),
    /// An object in S3.
    S3(S3Object),
}

/// An S3 object, with its version where the bucket keeps versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Object {
    /// Bucket name.
    pub bucket: String,
    /// Object key.
    pub key: String,
    /// The version to read; by default the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// The `ETag` the object must still have; a changed object fails the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl PartialEq for DocumentRef {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline(a), Self::Inline(b)) => a.get() == b.get(),
            (Self::S3(a), Self::S3(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for DocumentRef {}

/// A document that was opened for one attempt.
#[derive(Debug)]
pub enum Document<R> {
    /// Read whole into memory.
    Bytes(Bytes),
    /// A large document, read in chunks, as often as the call needs it.
    Large(R),
}

/// A large document, which can be read from the start more than once.
pub trait DocumentReader: Send + Sync + Sized + 'static {
    /// An open stream of its bytes.
    type Stream: futures_util::Stream<Item = Result<Bytes, PortError>> + Send + Unpin + 'static;

    /// Length in bytes.
    fn length(&self) -> u64;

    /// Opens the document from its first byte. It may be called more than once: a signature needs
    /// the whole body before the first header is sent.
    fn stream(&self) -> impl Future<Output = Result<Self::Stream, PortError>> + Send;
}

/// For an engine that always has documents whole in memory.
impl DocumentReader for Infallible {
    type Stream = futures_util::stream::Empty<Result<Bytes, PortError>>;

    fn length(&self) -> u64 {
        match *self {}
    }

    async fn stream(&self) -> Result<Self::Stream, PortError> {
        match *self {}
    }
}
