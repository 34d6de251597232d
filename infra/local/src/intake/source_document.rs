//! Reads Darwin JSON documents, and finds out which team and item each belongs to.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use delivery::FileKey;
use uuid::Uuid;
use webhook::{Described, describe};

/// A document that was read.
#[derive(Debug)]
pub(crate) struct SourceDocument {
    /// The file it is in.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Bytes,
    /// What it says about its item.
    pub about: Described,
}

/// A document that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}", path = path.display())]
pub(crate) struct Broken {
    /// The file it is in.
    pub path: PathBuf,
    /// What is wrong with it, and where.
    pub problem: String,
}

/// Reads one document.
///
/// # Errors
/// [`Broken`], with the place in the document.
pub(crate) fn read(path: &Path) -> Result<SourceDocument, Broken> {
    let broken = |problem: String| Broken {
        path: path.to_owned(),
        problem,
    };
    let bytes = fs::read(path).map_err(|error| broken(error.to_string()))?;
    if bytes.is_empty() {
        return Err(broken("the file is empty".to_owned()));
    }
    let file = path.file_stem().unwrap_or_default();
    let about = describe(&bytes, &file.to_string_lossy()).map_err(broken)?;
    Ok(SourceDocument {
        path: path.to_owned(),
        bytes: bytes.into(),
        about,
    })
}

impl SourceDocument {
    /// The file's key with the id in the document, or with one derived from where it comes from.
    #[must_use]
    pub(crate) fn key(&self) -> FileKey {
        let about = &self.about;
        self.key_under(about.item_id.unwrap_or_else(|| about.derived_id(None)))
    }

    /// The file's key with a derived id, for when the id in the document is another file's.
    #[must_use]
    pub(crate) fn other_key(&self) -> FileKey {
        self.key_under(self.about.derived_id(self.about.item_id))
    }

    /// The file's key with this id.
    #[must_use]
    pub(crate) fn key_under(&self, item_id: Uuid) -> FileKey {
        FileKey {
            team: self.about.team.clone(),
            item_id,
        }
    }

    /// An id derived from the document's content, to tell documents apart.
    #[must_use]
    pub(crate) fn content(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.bytes)
    }
}
