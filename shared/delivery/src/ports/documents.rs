use std::future::Future;

use super::PortError;
use crate::document::{Document, DocumentReader, DocumentRef};
use crate::reason::Reason;
use crate::state::FileKey;

/// What became of the search for a document.
#[derive(Debug)]
pub enum DocumentError {
    /// The file's fault, for good: the delivery fails with this reason
    /// (`document_missing`, `document_changed`, `document_forbidden`, `document_too_large`).
    Reason(Reason),
    /// The engine failed.
    Port(PortError),
}

/// The documents.
pub trait Documents: Send + Sync {
    /// How large documents are read.
    type Reader: DocumentReader;

    /// Opens an item's document: the named one, or the stored one.
    fn open(
        &self,
        key: &FileKey,
        document: Option<&DocumentRef>,
    ) -> impl Future<Output = Result<Document<Self::Reader>, DocumentError>> + Send;

    /// Stores an inline document as the item's, so that a failed file can be redelivered after its
    /// message is gone.
    fn keep(
        &self,
        key: &FileKey,
        document: &DocumentRef,
    ) -> impl Future<Output = Result<(), PortError>> + Send;
}
