//! Putting documents into a deployment's bucket.

use aws::Admin;
use delivery::FileKey;
use delivery::ports::PortError;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::intake::register::DocumentSink;
use crate::intake::source_document::SourceDocument;

/// Uploads at the same time: small ones wait for the answer more than for the line.
const UPLOADS: usize = 16;

/// KiB on their way to the bucket at the same time: large ones share the line, and each has its time.
const UPLOADING: u32 = 4096;

/// The document bucket keeps what it was given last under an id: a dataset's ids are its items' own.
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

/// What an upload takes of the line: all of it, if it is as large.
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
