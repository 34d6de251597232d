use std::future::Future;

use bytes::Bytes;

use super::PortError;
use crate::document::{Document, DocumentReader, DocumentRef};
use crate::reason::Reason;
use crate::state::FileKey;

/// Why a document could not be opened.
#[derive(Debug)]
pub enum DocumentError {
    /// The document itself cannot be used, and no retry helps: the delivery fails with this reason
    /// (`document_missing`, `document_changed`, `document_forbidden`, `document_too_large`).
    Reason(Reason),
    /// The engine failed.
    Port(PortError),
}

/// The documents.
pub trait Documents: Send + Sync {
    /// The type that reads large documents.
    type Reader: DocumentReader;

    /// Opens an item's document: the one named, or else the stored one.
    fn open(
        &self,
        key: &FileKey,
        document: Option<&DocumentRef>,
    ) -> impl Future<Output = Result<Document<Self::Reader>, DocumentError>> + Send;

    /// Stores a document as the item's, byte for byte, in place of an earlier one.
    fn store(
        &self,
        key: &FileKey,
        document: Bytes,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Stores an inline document as the item's, so that a failed file can still be redelivered after its
    /// message was deleted. An object in S3 is left where it is.
    fn keep(
        &self,
        key: &FileKey,
        document: &DocumentRef,
    ) -> impl Future<Output = Result<(), PortError>> + Send {
        async move {
            match document {
                DocumentRef::Inline(json) => {
                    let json = Bytes::copy_from_slice(json.get().as_bytes());
                    self.store(key, json).await
                }
                DocumentRef::S3(_) => Ok(()),
            }
        }
    }
}
