//! Stores documents where the functions find them, each under an id of its own.

use std::collections::HashMap;
use std::path::PathBuf;

use delivery::FileKey;
use delivery::ports::{NewDocument, Operator, PortError};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use crate::intake::source_document::{self, SourceDocument};
use crate::terminal::notices::Notices;
use crate::terminal::output::say;
use crate::terminal::pace::Pace;

/// How many bytes are collected before they are written: many small documents share a commit, and large
/// ones do not pile up in memory.
const CHUNK: usize = 16 * 1024 * 1024;

/// How many documents are looked up at the same time.
const LOOKUPS: usize = 64;

/// A file whose document is stored, so that it can be assigned.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) key: FileKey,
    pub(crate) name: String,
}

/// The files that were registered, and how many documents could not be.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) files: Vec<Registered>,
    pub(crate) broken: usize,
    taken: HashMap<FileKey, (PathBuf, Uuid)>,
    notices: Notices,
}

/// Reads and stores the documents, for `team` or for the team that each names. A broken document is
/// reported, and the others are stored all the same.
pub(crate) async fn register(
    operator: &impl Operator,
    paths: &[PathBuf],
    team: Option<&str>,
) -> Result<Registration, PortError> {
    let mut registration = Registration::default();
    let mut pace = Pace::new(paths.len());
    let mut chunk = Vec::new();
    let mut size = 0;
    for path in paths {
        match source_document::read(path) {
            Err(broken) => {
                registration.broken += 1;
                say!("error[document_invalid]: {broken}");
            }
            Ok(mut found) => {
                registration.assign_team(&mut found, team);
                size += found.bytes.len();
                chunk.push(found);
            }
        }
        if size >= CHUNK || chunk.len() >= 512 {
            let chunk = std::mem::take(&mut chunk);
            registration.store(operator, chunk, &mut pace).await?;
            size = 0;
        }
    }
    registration.store(operator, chunk, &mut pace).await?;
    std::mem::take(&mut registration.notices).finish();
    Ok(registration)
}

impl Registration {
    fn assign_team(&mut self, found: &mut SourceDocument, team: Option<&str>) {
        let path = found.path.display();
        for oddity in &found.oddities {
            let line = format_args!("{path}: {oddity}; it is sent unchanged");
            self.notices.warn(oddity, line);
        }
        if let Some(team) = team {
            team.clone_into(&mut found.team);
        } else if let Some(invalid) = &found.not_a_team {
            let team = &found.team;
            let line = format_args!("{path}: {invalid}; it is stored under the team {team}");
            self.notices.warn(&invalid.to_string(), line);
        }
    }

    /// The document under the key to store it under; none when the same document is already registered. `kept_apart`
    /// is the key under which it is registered if not under its own.
    fn identify(
        &mut self,
        found: SourceDocument,
        content: Uuid,
        kept_apart: Option<FileKey>,
    ) -> Option<NewDocument> {
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
                return None;
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
                        "{path}: {whose} {}, a different file; it is stored under the id {}",
                        first.display(),
                        other.item_id
                    ),
                );
                other
            }
            None => kept_apart.unwrap_or_else(|| {
                self.say_derived(&found, own.item_id);
                own
            }),
        };
        if self.taken.contains_key(&key) {
            self.notices.note(
                "the same document, sent once",
                format_args!("{path}: the same document again, sent once"),
            );
            return None;
        }
        self.taken
            .insert(key.clone(), (found.path.clone(), content));
        Some(NewDocument {
            key,
            name: found.name,
            digest: content,
            bytes: found.bytes,
        })
    }

    /// Warns that a document has no usable id.
    fn say_derived(&mut self, found: &SourceDocument, derived: Uuid) {
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
        let line = format_args!("{path}: {why}; it is stored under the id {derived}, {from}");
        self.notices.warn(kind, line);
    }

    /// An id derived from where the document comes from; or from its content, if that id is taken too.
    fn free_key(&self, found: &SourceDocument, content: Uuid) -> FileKey {
        let derived = found.other_key();
        match self.taken.get(&derived) {
            Some((_, other)) if *other != content => found.key_under(content),
            _ => derived,
        }
    }

    async fn store(
        &mut self,
        operator: &impl Operator,
        found: Vec<SourceDocument>,
        pace: &mut Pace,
    ) -> Result<(), PortError> {
        let read = found.len();
        let identified = stream::iter(found).map(|found| async {
            let content = found.content();
            let kept = kept_apart(operator, &found, content).await?;
            Ok((found, content, kept))
        });
        let identified: Vec<_> = identified.buffered(LOOKUPS).try_collect().await?;
        let mut chunk = Vec::with_capacity(read);
        for (found, content, kept) in identified {
            chunk.extend(self.identify(found, content, kept));
        }
        let files = chunk.iter().map(|document| Registered {
            key: document.key.clone(),
            name: document.name.clone(),
        });
        self.files.extend(files);
        operator.put_documents(chunk).await?;
        pace.read(read);
        Ok(())
    }
}

/// The id under which a state directory has a document if not under the document's own: an earlier run found
/// that id taken by another file, and derived one from the content.
async fn kept_apart(
    operator: &impl Operator,
    found: &SourceDocument,
    content: Uuid,
) -> Result<Option<FileKey>, PortError> {
    let derived = found.item_id.map(|_| found.other_key());
    for key in derived.into_iter().chain([found.key_under(content)]) {
        if operator.has_document(&key, content).await? {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use delivery::Assignment;
    use proptest::prelude::*;
    use workflow::Role;

    use super::*;
    use crate::intake::assignment::assignment;

    proptest! {
        /// A document that is registered but whose assignment is refused would be a lost file.
        #[test]
        fn whatever_registers_can_be_assigned(
            team in "\\PC{0,300}|[/.\\x00-\\x1f]{0,4}",
            key in prop_oneof![Just("slug"), Just("name")],
            item_id in prop_oneof![Just(String::new()), "\\PC{1,40}", Just(Uuid::nil().to_string())],
            dataset in "\\PC{0,20}",
            name in "\\PC{1,40}",
        ) {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("a.json");
            let source = serde_json::json!({
                "item_id": item_id, "team": {key: team}, "dataset": {"slug": dataset},
            });
            let document = serde_json::json!({
                "version": "2.0", "item": {"name": name, "source_info": source},
            });
            std::fs::write(&path, document.to_string()).unwrap();
            let found = source_document::read(&path).unwrap();
            for key in [found.key(), found.other_key()] {
                let made = assignment(Uuid::nil(), Uuid::nil(), &key, Role::Admin);
                let body = serde_json::to_string(&made).unwrap();
                prop_assert_eq!(Assignment::parse(&body).unwrap(), made);
            }
        }
    }
}
