//! Finding Darwin JSON documents and telling whose they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use delivery::{FileKey, InvalidTeam, check_team, team_slug};
use serde::Deserialize;
use uuid::Uuid;

use crate::error::Error;
use crate::target::is_state;

/// Namespace of derived item ids; made once, fixed for ever.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f0b_1a3e_5ce1_4a0b_8f5e_94d1_6d1f_3c27);

/// The team of documents that name none.
const NO_TEAM: &str = "local";

/// A document that was read.
#[derive(Debug)]
pub struct Found {
    /// Its file.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Bytes,
    /// The item's name.
    pub name: String,
    /// Where it says it comes from: dataset, path and name.
    pub(crate) identity: String,
    /// Its team.
    pub team: String,
    /// What is wrong with what it names as its team.
    pub(crate) not_a_team: Option<InvalidTeam>,
    /// The item id it carries, if it is one.
    pub item_id: Option<Uuid>,
    /// What it carries as its item id, if that is none.
    pub(crate) no_id: Option<String>,
}

/// A document that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {problem}", path = path.display())]
pub struct Broken {
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with it, and where.
    pub problem: String,
}

#[derive(Deserialize)]
struct Document {
    version: Option<String>,
    item: Option<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: Option<String>,
    path: Option<String>,
    source_info: Option<SourceInfo>,
}

#[derive(Default, Deserialize)]
struct SourceInfo {
    item_id: Option<String>,
    dataset: Option<Named>,
    team: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    slug: Option<String>,
    name: Option<String>,
}

impl Named {
    fn slug(self) -> Option<String> {
        self.slug.or(self.name).filter(|slug| !slug.is_empty())
    }
}

/// The files meant by the paths: files as they are, directories with the `.json` files below them, in
/// the order of their names. A file meant twice comes once; state directories below are left out.
///
/// # Errors
/// [`Error::Read`] when a path is not there.
pub fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        let read = |source| Error::Read {
            path: path.clone(),
            source,
        };
        if fs::metadata(path).map_err(read)?.is_dir() {
            walk(path, &mut files, &mut seen)?;
        } else if seen.insert(fs::canonicalize(path).map_err(read)?) {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn walk(
    directory: &Path,
    files: &mut Vec<PathBuf>,
    seen: &mut BTreeSet<PathBuf>,
) -> Result<(), Error> {
    let read = |source| Error::Read {
        path: directory.to_owned(),
        source,
    };
    // A directory met twice is a link that goes round.
    if !seen.insert(fs::canonicalize(directory).map_err(read)?) {
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = fs::read_dir(directory)
        .map_err(read)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(read)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            // What a state directory has in it was a document once, or is a secret.
            if !is_state(&path) {
                walk(&path, files, seen)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
        {
            // A dangling link keeps its own name, and is reported when it is read.
            if seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                files.push(path);
            }
        }
    }
    Ok(())
}

/// Reads one document.
///
/// # Errors
/// [`Broken`], with the place.
pub fn read(path: &Path) -> Result<Found, Broken> {
    let broken = |problem: String| Broken {
        path: path.to_owned(),
        problem,
    };
    let bytes = fs::read(path).map_err(|error| broken(error.to_string()))?;
    if bytes.is_empty() {
        return Err(broken("the file is empty".to_owned()));
    }
    let document: Document = serde_json::from_slice(&bytes).map_err(|error| {
        let what = match error.classify() {
            serde_json::error::Category::Data => "it is not a Darwin JSON document",
            serde_json::error::Category::Eof => "the JSON ends too early",
            _ => "it is not valid JSON",
        };
        broken(format!(
            "line {}, column {}: {what}",
            error.line(),
            error.column()
        ))
    })?;
    match document.version.as_deref() {
        Some(version) if version.starts_with("2.") => {}
        Some(version) => {
            return Err(broken(format!(
                "it is Darwin JSON {version}; only 2.x can be sent"
            )));
        }
        None => {
            return Err(broken(
                "it is no Darwin JSON document: it has no \"version\"".into(),
            ));
        }
    }
    let Some(item) = document.item else {
        return Err(broken(
            "it is no Darwin JSON document: it has no \"item\"".to_owned(),
        ));
    };
    let Some(name) = item.name.filter(|name| !name.is_empty()) else {
        return Err(broken(
            "it is no Darwin JSON document: its item has no \"name\"".to_owned(),
        ));
    };
    let source = item.source_info.unwrap_or_default();
    let carried = source.item_id.as_deref();
    let item_id = carried.and_then(|id| Uuid::parse_str(id).ok());
    let no_id = carried.filter(|id| item_id.is_none() && !id.is_empty());
    let no_id = no_id.map(str::to_owned);
    let dataset = source.dataset.and_then(Named::slug).unwrap_or_default();
    let folder = item.path.unwrap_or_else(|| "/".to_owned());
    let named = source.team.and_then(Named::slug);
    let named = named.unwrap_or_else(|| NO_TEAM.to_owned());
    Ok(Found {
        path: path.to_owned(),
        bytes: bytes.into(),
        identity: format!("{dataset}\n{folder}\n{name}"),
        name,
        team: team_slug(&named).into_owned(),
        not_a_team: check_team(&named).err(),
        item_id,
        no_id,
    })
}

impl Found {
    /// The file under the id it carries, or one derived from where it comes from.
    #[must_use]
    pub fn key(&self) -> FileKey {
        let item_id = self.item_id.unwrap_or_else(|| self.derived(None));
        FileKey {
            team: self.team.clone(),
            item_id,
        }
    }

    /// The file under a derived id, because the one it carries is another file's.
    #[must_use]
    pub fn other_key(&self) -> FileKey {
        FileKey {
            team: self.team.clone(),
            item_id: self.derived(self.item_id),
        }
    }

    /// Tells documents apart by what they hold.
    #[must_use]
    pub fn content(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.bytes)
    }

    fn derived(&self, carried: Option<Uuid>) -> Uuid {
        let carried = carried.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("{}\n{}\n{carried}", self.team, self.identity);
        Uuid::new_v5(&NAMESPACE, text.as_bytes())
    }
}
