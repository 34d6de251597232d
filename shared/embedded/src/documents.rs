use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use delivery::ports::{DocumentError, Documents, PortError, PortErrorKind};
use delivery::{Document, DocumentReader, DocumentRef, FileKey, Reason};
use rusqlite::{OptionalExtension, params};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use crate::engine::Engine;

/// Documents up to this size are stored in the database, larger ones in files of their own.
pub const INLINE_LIMIT: usize = 256 * 1024;

/// Documents up to this size are read whole; larger ones in chunks.
pub const MEMORY_LIMIT: u64 = 1024 * 1024;

const CHUNK: usize = 64 * 1024;

/// A large document, read from its file.
#[derive(Debug)]
pub struct FileReader {
    path: PathBuf,
    length: u64,
}

impl DocumentReader for FileReader {
    type Stream = FileStream;

    fn length(&self) -> u64 {
        self.length
    }

    async fn stream(&self) -> Result<FileStream, PortError> {
        let file = tokio::fs::File::open(&self.path)
            .await
            .map_err(read_error)?;
        Ok(FileStream(ReaderStream::with_capacity(file, CHUNK)))
    }
}

/// A large document's bytes.
#[derive(Debug)]
pub struct FileStream(ReaderStream<tokio::fs::File>);

impl futures_util::Stream for FileStream {
    type Item = Result<Bytes, PortError>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::pin::Pin::new(&mut self.0)
            .poll_next(context)
            .map(|next| next.map(|chunk| chunk.map_err(read_error)))
    }
}

/// A lack of memory or file descriptors passes. Any other error that prevents a file from being read would
/// recur for ever.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn read_error(error: io::Error) -> PortError {
    const TOO_MANY_OPEN_FILES: [i32; 2] = [23, 24];
    let passes = error.kind() == io::ErrorKind::OutOfMemory
        || error.kind() == io::ErrorKind::Interrupted
        || error
            .raw_os_error()
            .is_some_and(|code| TOO_MANY_OPEN_FILES.contains(&code));
    let kind = if passes {
        PortErrorKind::Unavailable
    } else {
        PortErrorKind::Corrupt
    };
    PortError::caused(kind, "read a document", error.to_string())
}

fn write_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::caused(PortErrorKind::Unavailable, "store a document", error)
}

impl Documents for Engine {
    type Reader = FileReader;

    async fn open(
        &self,
        key: &FileKey,
        document: Option<&DocumentRef>,
    ) -> Result<Document<FileReader>, DocumentError> {
        match document {
            Some(DocumentRef::Inline(json)) => Ok(Document::Bytes(Bytes::copy_from_slice(
                json.get().as_bytes(),
            ))),
            // There is no S3 on one machine, so an object cannot be read here.
            Some(DocumentRef::S3(_)) => Err(DocumentError::Reason(Reason::DocumentMissing)),
            None => self.open_stored(key).await,
        }
    }

    async fn store(&self, key: &FileKey, document: Bytes) -> Result<(), PortError> {
        self.store_document(key, document).await
    }
}

impl Engine {
    /// Stores an item's document byte for byte, in place of an earlier one.
    ///
    /// # Errors
    /// [`PortError`] when it could not be written to disk.
    pub async fn store_document(&self, key: &FileKey, bytes: Bytes) -> Result<(), PortError> {
        let length = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let (team, item) = (key.team.clone(), key.item_id);
        let body = if bytes.len() <= INLINE_LIMIT {
            Some(bytes)
        } else {
            let path = self.document_path(key);
            let written = tokio::task::spawn_blocking(move || write_file(&path, &bytes)).await;
            written.map_err(write_error)?.map_err(write_error)?;
            None
        };
        self.writer()
            .run("store a document", move |store| {
                store
                    .db()
                    .prepare_cached("INSERT OR REPLACE INTO documents VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![team, item, length, body.as_deref()])
            })
            .await
            .map(|_| ())
    }

    async fn open_stored(&self, key: &FileKey) -> Result<Document<FileReader>, DocumentError> {
        let (team, item) = (key.team.clone(), key.item_id);
        let row: Option<(i64, Option<Vec<u8>>)> = self
            .writer()
            .run_unflushed("open a document", move |store| {
                store
                    .db()
                    .prepare_cached(
                        "SELECT length, body FROM documents WHERE team = ?1 AND item_id = ?2",
                    )?
                    .query_row(params![team, item], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()
            })
            .await
            .map_err(DocumentError::Port)?;
        let Some((length, body)) = row else {
            return Err(DocumentError::Reason(Reason::DocumentMissing));
        };
        if let Some(body) = body {
            return Ok(Document::Bytes(body.into()));
        }
        let path = self.document_path(key);
        let length = u64::try_from(length).unwrap_or(0);
        match tokio::fs::metadata(&path).await {
            Ok(found) if found.len() == length => {}
            Ok(_) => return Err(DocumentError::Reason(Reason::DocumentChanged)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(DocumentError::Reason(Reason::DocumentMissing));
            }
            Err(error) => return Err(DocumentError::Port(read_error(error))),
        }
        if length > MEMORY_LIMIT {
            return Ok(Document::Large(FileReader { path, length }));
        }
        let bytes = tokio::fs::read(&path)
            .await
            .map_err(read_error)
            .map_err(DocumentError::Port)?;
        Ok(Document::Bytes(bytes.into()))
    }

    /// The directory of a team's documents. A slug can contain characters, and be of a length, that a path does
    /// not allow, and no two teams may share a directory.
    fn document_path(&self, key: &FileKey) -> PathBuf {
        let team = Uuid::new_v5(&Uuid::NAMESPACE_OID, key.team.as_bytes());
        self.inner
            .directory
            .join("documents")
            .join(team.to_string())
            .join(format!("{}.json", key.item_id))
    }
}

/// Writes to a temporary file, flushes and renames it, and flushes the directory, so that the file is either
/// complete or absent.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(directory)?;
    let temporary = path.with_extension("json.part");
    let mut file = fs::File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    fs::File::open(directory)?.sync_all()
}
