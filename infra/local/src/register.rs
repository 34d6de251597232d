//! Putting documents where the functions find them, each under an id of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use aws::Admin;
use delivery::FileKey;
use delivery::ports::PortError;
use embedded::{Engine, Item};
use futures_util::future::try_join_all;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::documents::{self, Found};
use crate::notices::Notices;
use crate::output::say;

/// Bytes held before they are written: many small documents share a commit, large ones do not pile up.
const CHUNK: usize = 16 * 1024 * 1024;

/// Uploads at the same time: small ones wait for the answer more than for the line.
const UPLOADS: usize = 16;

/// KiB on their way to the bucket at the same time: large ones share the line, and each has its time.
const UPLOADING: u32 = 4096;

/// A file that can be assigned.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) key: FileKey,
    pub(crate) name: String,
}

/// What was registered, and how many documents could not be.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) files: Vec<Registered>,
    pub(crate) broken: usize,
    taken: HashMap<FileKey, (PathBuf, Uuid)>,
    notices: Notices,
}

/// Where documents are put.
pub(crate) trait Shelf {
    /// Whether it has this very document under this id.
    async fn knows(&self, key: &FileKey, content: Uuid) -> Result<bool, PortError>;

    /// Stores documents.
    async fn put(&self, chunk: Vec<(FileKey, Found)>) -> Result<(), PortError>;
}

/// Reads and stores the documents: of `team`, or of the team each names. A broken one is named, and
/// the others go on.
pub(crate) async fn register(
    shelf: &impl Shelf,
    paths: &[PathBuf],
    team: Option<&str>,
) -> Result<Registration, PortError> {
    let mut registration = Registration::default();
    let mut chunk = Vec::new();
    let mut size = 0;
    for path in paths {
        match documents::read(path) {
            Err(broken) => {
                registration.broken += 1;
                say!("error: {broken}");
            }
            Ok(mut found) => {
                for oddity in &found.oddities {
                    let path = found.path.display();
                    let notices = &mut registration.notices;
                    let line = format_args!("{path}: {oddity}; it is sent as it is");
                    notices.warn(oddity, line);
                }
                if let Some(team) = team {
                    team.clone_into(&mut found.team);
                }
                if let Some((key, found)) = registration.identify(shelf, found).await? {
                    size += found.bytes.len();
                    chunk.push((key, found));
                }
            }
        }
        if size >= CHUNK || chunk.len() >= 512 {
            registration
                .store(shelf, std::mem::take(&mut chunk))
                .await?;
            size = 0;
        }
    }
    registration.store(shelf, chunk).await?;
    std::mem::take(&mut registration.notices).finish();
    Ok(registration)
}

impl Shelf for Engine {
    async fn knows(&self, key: &FileKey, content: Uuid) -> Result<bool, PortError> {
        let item = self.item(key).await?;
        Ok(item.is_some_and(|item| item.content == content))
    }

    async fn put(&self, chunk: Vec<(FileKey, Found)>) -> Result<(), PortError> {
        let items = chunk.iter().map(|(key, found)| Item {
            key: key.clone(),
            content: found.content(),
            name: found.name.clone(),
        });
        let items = items.collect();
        let stored = chunk
            .into_iter()
            .map(|(key, found)| async move { self.store_document(&key, found.bytes).await });
        try_join_all(stored).await?;
        self.put_items(items).await
    }
}

/// The document bucket keeps what it was given last under an id: a dataset's ids are its items' own.
impl Shelf for Admin {
    async fn knows(&self, _key: &FileKey, _content: Uuid) -> Result<bool, PortError> {
        Ok(false)
    }

    async fn put(&self, chunk: Vec<(FileKey, Found)>) -> Result<(), PortError> {
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

impl Registration {
    /// The id a document goes under; none when it is there already.
    async fn identify(
        &mut self,
        shelf: &impl Shelf,
        found: Found,
    ) -> Result<Option<(FileKey, Found)>, PortError> {
        let content = found.content();
        let path = found.path.display();
        let own = found.key();
        let key = match self.taken.get(&own) {
            Some((first, same)) if *same == content => {
                self.notices.note(
                    "the same document, sent once",
                    format_args!(
                        "{path}: the same document as {}, sent once",
                        first.display()
                    ),
                );
                return Ok(None);
            }
            Some((first, _)) => {
                let other = self.free_key(&found, content);
                let whose = match found.item_id {
                    Some(_) => "its item_id is also that of",
                    None => "its dataset, path and name are also those of",
                };
                self.notices.warn(
                    &format!("{whose} another file"),
                    format_args!(
                        "{path}: {whose} {}, a different file; it goes under the id {}",
                        first.display(),
                        other.item_id
                    ),
                );
                other
            }
            None => match kept_apart(shelf, &found, content).await? {
                Some(key) => key,
                None => {
                    self.say_derived(&found, own.item_id);
                    own
                }
            },
        };
        if self.taken.contains_key(&key) {
            self.notices.note(
                "the same document, sent once",
                format_args!("{path}: the same document again, sent once"),
            );
            return Ok(None);
        }
        self.taken
            .insert(key.clone(), (found.path.clone(), content));
        Ok(Some((key, found)))
    }

    /// Warns that a document does not carry its id.
    fn say_derived(&mut self, found: &Found, derived: Uuid) {
        if found.item_id.is_some() {
            return;
        }
        let (kind, why) = match &found.no_id {
            Some(id) => (
                "its item_id is not a UUID",
                format!("its item_id \"{id}\" is not a UUID"),
            ),
            None => ("it has no item_id", "it has no item_id".to_owned()),
        };
        let path = found.path.display();
        let from = "derived from its dataset, path and name";
        let line = format_args!("{path}: {why}; it goes under the id {derived}, {from}");
        self.notices.warn(kind, line);
    }

    /// Derived from where the document comes from; from its content, where even that is taken.
    fn free_key(&self, found: &Found, content: Uuid) -> FileKey {
        let derived = found.other_key();
        match self.taken.get(&derived) {
            Some((_, other)) if *other != content => found.key_under(content),
            _ => derived,
        }
    }

    async fn store(
        &mut self,
        shelf: &impl Shelf,
        chunk: Vec<(FileKey, Found)>,
    ) -> Result<(), PortError> {
        let files = chunk.iter().map(|(key, found)| Registered {
            key: key.clone(),
            name: found.name.clone(),
        });
        self.files.extend(files);
        shelf.put(chunk).await
    }
}

/// The id of a document that a state directory has under another than its own: it met another file of that
/// id before, and tells them apart by what they hold.
async fn kept_apart(
    shelf: &impl Shelf,
    found: &Found,
    content: Uuid,
) -> Result<Option<FileKey>, PortError> {
    let derived = found.item_id.map(|_| found.other_key());
    for key in derived.into_iter().chain([found.key_under(content)]) {
        if shelf.knows(&key, content).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
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
