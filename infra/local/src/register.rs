//! Putting documents into the state directory, each under an id of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use bytes::Bytes;
use delivery::FileKey;
use delivery::ports::PortError;
use embedded::{Engine, Item};
use futures_util::future::try_join_all;
use uuid::Uuid;

use crate::documents::{self, Found};

/// Bytes held before they are written: many small documents share a commit, large ones do not pile up.
const CHUNK: usize = 16 * 1024 * 1024;

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
}

/// Reads and stores the documents. A broken one is named, and the others go on.
pub(crate) async fn register(
    engine: &Engine,
    paths: &[PathBuf],
) -> Result<Registration, PortError> {
    let mut registration = Registration::default();
    let mut chunk = Vec::new();
    let mut size = 0;
    for path in paths {
        match documents::read(path) {
            Err(broken) => {
                registration.broken += 1;
                eprintln!("error: {broken}");
            }
            Ok(found) => {
                if let Some((key, found)) = registration.identify(engine, found).await? {
                    size += found.bytes.len();
                    chunk.push((key, found));
                }
            }
        }
        if size >= CHUNK || chunk.len() >= 512 {
            registration
                .store(engine, std::mem::take(&mut chunk))
                .await?;
            size = 0;
        }
    }
    registration.store(engine, chunk).await?;
    Ok(registration)
}

async fn knows(engine: &Engine, key: &FileKey, content: Uuid) -> Result<bool, PortError> {
    Ok(engine
        .item(key)
        .await?
        .is_some_and(|item| item.content == content))
}

impl Registration {
    /// The id a document goes under; none when it is there already.
    async fn identify(
        &mut self,
        engine: &Engine,
        found: Found,
    ) -> Result<Option<(FileKey, Found)>, PortError> {
        let content = Uuid::new_v5(&Uuid::NAMESPACE_OID, &found.bytes);
        let path = found.path.display();
        let own = found.key();
        let key = match self.taken.get(&own) {
            Some((first, same)) if *same == content => {
                eprintln!(
                    "note: {path}: the same document as {}, sent once",
                    first.display()
                );
                return Ok(None);
            }
            Some((first, _)) => {
                let other = self.free_key(&found, content);
                eprintln!(
                    "warning: {path}: its item_id is also that of {}, a different file; it goes under the id {}",
                    first.display(),
                    other.item_id
                );
                other
            }
            // A state directory that met both before tells them apart by what they hold.
            None if found.item_id.is_some()
                && knows(engine, &found.other_key(), content).await? =>
            {
                found.other_key()
            }
            None => {
                if found.item_id.is_none() {
                    eprintln!(
                        "warning: {path}: it has no item_id; it goes under the id {}, derived from its dataset, path and name",
                        own.item_id
                    );
                }
                own
            }
        };
        if self.taken.contains_key(&key) {
            eprintln!("note: {path}: the same document again, sent once");
            return Ok(None);
        }
        self.taken
            .insert(key.clone(), (found.path.clone(), content));
        Ok(Some((key, found)))
    }

    /// Derived from where the document comes from; from its content, where even that is taken.
    fn free_key(&self, found: &Found, content: Uuid) -> FileKey {
        let derived = found.other_key();
        match self.taken.get(&derived) {
            Some((_, other)) if *other != content => FileKey {
                item_id: content,
                ..derived
            },
            _ => derived,
        }
    }

    async fn store(
        &mut self,
        engine: &Engine,
        chunk: Vec<(FileKey, Found)>,
    ) -> Result<(), PortError> {
        let items = chunk
            .iter()
            .map(|(key, found)| Item {
                key: key.clone(),
                content: Uuid::new_v5(&Uuid::NAMESPACE_OID, &found.bytes),
                name: found.name.clone(),
            })
            .collect();
        let documents: Vec<(FileKey, Bytes)> = chunk
            .iter()
            .map(|(key, found)| (key.clone(), found.bytes.clone()))
            .collect();
        self.files
            .extend(chunk.into_iter().map(|(key, found)| Registered {
                key,
                name: found.name,
            }));
        let stored = documents
            .into_iter()
            .map(|(key, bytes)| async move { engine.store_document(&key, bytes).await });
        try_join_all(stored).await?;
        engine.put_items(items).await
    }
}
