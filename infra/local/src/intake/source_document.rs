//! Reads Darwin JSON documents, and finds out which team and item each belongs to.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use delivery::{FileKey, InvalidTeam, check_team, team_slug};
use uuid::Uuid;
use webhook::{PayloadError, Problem};

use crate::intake::darwin;

/// UUID namespace of derived item ids. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f0b_1a3e_5ce1_4a0b_8f5e_94d1_6d1f_3c27);

/// The team of documents that do not name one.
const NO_TEAM: &str = "local";

/// Some editors put it before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A document that was read.
#[derive(Debug)]
pub(crate) struct SourceDocument {
    /// The file it is in.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Bytes,
    /// The item's name.
    pub name: String,
    /// Where it comes from, as it says: dataset, path and name.
    pub(crate) identity: String,
    /// Its team.
    pub team: String,
    /// Why the team that it names cannot be used.
    pub(crate) not_a_team: Option<InvalidTeam>,
    /// The item id in the document, if it is a UUID.
    pub item_id: Option<Uuid>,
    /// The item id in the document, if it is not a UUID.
    pub(crate) no_id: Option<String>,
    /// Other deviations from what V7 writes. The words of each depend on its kind only, not on the document.
    pub(crate) oddities: Vec<String>,
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
    // The same check as the sender's: a document that it refuses later would fail its file.
    webhook::check(&bytes).map_err(|error| broken(refusal(error)))?;
    let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK);
    let text = std::str::from_utf8(unmarked.unwrap_or(&bytes));
    let text = text.map_err(|error| broken(error.to_string()))?;
    let mut known = darwin::read(text).map_err(broken)?;
    if unmarked.is_some() {
        known
            .oddities
            .push("it begins with a byte order mark, which not every receiver reads".to_owned());
    }
    if known.name.is_empty() {
        known
            .oddities
            .push("its item has no \"name\", so the file's name is used".to_owned());
        let file = path.file_stem().unwrap_or_default();
        known.name = file.to_string_lossy().into_owned();
    }
    let carried = known.item_id.as_deref();
    let item_id = carried.and_then(|id| Uuid::parse_str(id).ok());
    let no_id = known.item_id.filter(|_| item_id.is_none());
    let folder = known.folder.as_deref().unwrap_or("/");
    let identity = format!("{}\n{folder}\n{}", known.dataset, known.name);
    let named = Some(known.team).filter(|team| !team.is_empty());
    let named = named.unwrap_or_else(|| NO_TEAM.to_owned());
    Ok(SourceDocument {
        path: path.to_owned(),
        bytes: bytes.into(),
        identity,
        name: known.name,
        team: team_slug(&named).into_owned(),
        not_a_team: check_team(&named).err(),
        item_id,
        no_id,
        oddities: known.oddities,
    })
}

fn refusal(error: PayloadError) -> String {
    let what = match error.problem {
        Problem::NotAnObject => "it is not a Darwin JSON document: it is not a JSON object",
        Problem::Encoding => "it is not UTF-8",
        Problem::TooDeep => "the JSON is nested too deeply",
        Problem::CutOff => "the JSON ends too early",
        Problem::Utf16 => return "it is UTF-16: save it as UTF-8".to_owned(),
        Problem::Utf32 => return "it is UTF-32: save it as UTF-8".to_owned(),
        _ => "it is not valid JSON",
    };
    format!("line {}, column {}: {what}", error.line, error.column)
}

impl SourceDocument {
    /// The file's key with the id in the document, or with one derived from where it comes from.
    #[must_use]
    pub(crate) fn key(&self) -> FileKey {
        self.key_under(self.item_id.unwrap_or_else(|| self.derived(None)))
    }

    /// The file's key with a derived id, for when the id in the document is another file's.
    #[must_use]
    pub(crate) fn other_key(&self) -> FileKey {
        self.key_under(self.derived(self.item_id))
    }

    /// The file's key with this id.
    #[must_use]
    pub(crate) fn key_under(&self, item_id: Uuid) -> FileKey {
        FileKey {
            team: self.team.clone(),
            item_id,
        }
    }

    /// An id derived from the document's content, to tell documents apart.
    #[must_use]
    pub(crate) fn content(&self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.bytes)
    }

    fn derived(&self, carried: Option<Uuid>) -> Uuid {
        let carried = carried.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("{}\n{}\n{carried}", self.team, self.identity);
        Uuid::new_v5(&NAMESPACE, text.as_bytes())
    }
}
