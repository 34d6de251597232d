//! Uploads documents to a deployment's bucket.

use aws::Admin;
use delivery::FileKey;
use delivery::ports::PortError;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::intake::register::DocumentSink;
use crate::intake::source_document::SourceDocument;

/// Uploads at the same time: a small one waits more for the answer than for bandwidth.
const UPLOADS: usize = 16;

/// KiB being uploaded at the same time. Large uploads share the bandwidth, and too many at once would time
/// out.
const UPLOADING: u32 = 4096;

/// The document bucket keeps the last document stored under an id, because the ids in a dataset are its
/// items' own.
impl DocumentSink for Admin {
    async fn knows(&self, _key: &FileKey, _content: Uuid) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn put(&self, chunk: Vec<(FileKey, SourceDocument)>) -> Result<(), PortError> {
        let line = &Semaphore::new(UPLOADING as usize);
        stream::iter(chunk)
            .map(|(key, found)| async move {
                let _share = line.acquire_many(share(found.bytes.len())).await;
                self.store_document(&key, found.bytes).await
            })
            .buffer_unordered(UPLOADS)
            .try_collect()
            .await
    }
}

/// An upload's share of the KiB that may be uploaded at the same time; a larger one takes all of them.
fn share(bytes: usize) -> u32 {
    let kibibytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    kibibytes.saturating_add(1).min(UPLOADING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_never_asks_for_more_than_there_is() {
        for (bytes, kibibytes) in [
            (0, 1),
            (1024, 2),
            (4 * 1024 * 1024, UPLOADING),
            (usize::MAX, UPLOADING),
        ] {
            assert_eq!(share(bytes), kibibytes, "{bytes}");
        }
    }
}
