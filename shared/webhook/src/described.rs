//! What a document says about its item: who it belongs to, and what lists show of it.

use delivery::{InvalidTeam, Slot, check_team, team_slug};
use serde::Deserialize;
use uuid::Uuid;

use crate::darwin;
use crate::payload::check;
use crate::scan::{PayloadError, Problem};

/// UUID namespace of derived item ids. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x2f0b_1a3e_5ce1_4a0b_8f5e_94d1_6d1f_3c27);

/// The team of documents that do not name one.
const NO_TEAM: &str = "local";

/// Some editors put it before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a document says about its item.
#[derive(Clone, Debug)]
pub struct Described {
    /// The item's name.
    pub name: String,
    /// Its folder in the dataset; none if the document does not say it.
    pub folder: Option<String>,
    /// The dataset's slug, or else its name; empty if the document has neither.
    pub dataset: String,
    /// V7's number of the dataset, which is part of `dataset_management_url`.
    pub dataset_id: Option<u64>,
    /// Its slots, as far as they have a name and a file.
    pub slots: Vec<Slot>,
    /// Its team.
    pub team: String,
    /// Why the team that it names cannot be used.
    pub not_a_team: Option<InvalidTeam>,
    /// The item id in the document, if it is a UUID.
    pub item_id: Option<Uuid>,
    /// The item id in the document, if it is not a UUID.
    pub no_id: Option<String>,
    /// Deviations from what V7 writes. The words of each depend on its kind only, not on the document.
    pub oddities: Vec<String>,
}

impl Described {
    /// Where the document comes from, as it says: dataset, path and name.
    fn identity(&self) -> String {
        let folder = self.folder.as_deref().unwrap_or("/");
        format!("{}\n{folder}\n{}", self.dataset, self.name)
    }

    /// An id derived from where the document comes from, and from an id that it has but that is another's.
    #[must_use]
    pub fn derived_id(&self, carried: Option<Uuid>) -> Uuid {
        let carried = carried.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("{}\n{}\n{carried}", self.team, self.identity());
        Uuid::new_v5(&NAMESPACE, text.as_bytes())
    }
}

/// Reads what a document says about its item. `file` is the name of an item whose document has none.
///
/// # Errors
/// Why it is not a document that can be sent, with the place: the sender would refuse it for the same reason.
pub fn describe(bytes: &[u8], file: &str) -> Result<Described, String> {
    check(bytes).map_err(refusal)?;
    let unmarked = bytes.strip_prefix(BYTE_ORDER_MARK);
    let text = std::str::from_utf8(unmarked.unwrap_or(bytes));
    let text = text.map_err(|error| error.to_string())?;
    let mut known = darwin::read(text)?;
    if unmarked.is_some() {
        known
            .oddities
            .push("it begins with a byte order mark, which not every receiver reads".to_owned());
    }
    if known.name.is_empty() {
        known
            .oddities
            .push("its item has no \"name\", so the file's name is used".to_owned());
        file.clone_into(&mut known.name);
    }
    let carried = known.item_id.as_deref();
    let item_id = carried.and_then(|id| Uuid::parse_str(id).ok());
    let named = Some(known.team).filter(|team| !team.is_empty());
    let named = named.unwrap_or_else(|| NO_TEAM.to_owned());
    Ok(Described {
        name: known.name,
        folder: known.folder,
        dataset_id: known.dataset_url.as_deref().and_then(dataset_id),
        dataset: known.dataset,
        slots: known.slots.as_deref().map(slots).unwrap_or_default(),
        team: team_slug(&named).into_owned(),
        not_a_team: check_team(&named).err(),
        item_id,
        no_id: known.item_id.filter(|_| item_id.is_none()),
        oddities: known.oddities,
    })
}

/// The number in `https://HOST/datasets/339501/dataset-management`, where V7's own receivers find it.
fn dataset_id(url: &str) -> Option<u64> {
    let (_, rest) = url.split_once("/datasets/")?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[derive(Deserialize)]
struct RawSlot {
    slot_name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    source_files: Vec<SourceFile>,
}

#[derive(Deserialize)]
struct SourceFile {
    file_name: String,
}

fn slots(json: &str) -> Vec<Slot> {
    let read: Vec<RawSlot> = serde_json::from_str(json).unwrap_or_default();
    let with_file = |slot: RawSlot| {
        let file_name = slot.source_files.into_iter().next()?.file_name;
        Some(Slot {
            slot_name: slot.slot_name,
            file_name,
            kind: slot.kind,
        })
    };
    read.into_iter().filter_map(with_file).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dataset_and_the_slots_are_found() {
        let document = br#"{"version":"2.0","item":{"name":"n","path":"/p","source_info":{
            "dataset":{"slug":"d","dataset_management_url":"https://v7/datasets/339501/dataset-management"},
            "team":{"slug":"t"}},"slots":[
            {"slot_name":"0","type":"image","source_files":[{"file_name":"n.png","url":"u"}]},
            {"slot_name":"1","source_files":[]}]},"annotations":[]}"#;
        let described = describe(document, "file").unwrap();
        assert_eq!(described.dataset_id, Some(339_501));
        let slots: Vec<_> = described
            .slots
            .iter()
            .map(|slot| &*slot.file_name)
            .collect();
        assert_eq!(slots, ["n.png"]);
        assert_eq!(dataset_id("https://v7/datasets//dataset-management"), None);
    }
}
