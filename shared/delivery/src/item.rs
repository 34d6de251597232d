use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::format::Formatted;
use crate::state::{FileKey, FileState};
use crate::time::Timestamp;

/// What is known of a registered item, besides its document and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The file.
    pub key: FileKey,
    /// Its name for people.
    pub name: String,
    /// Its folder in the dataset, which begins with a slash.
    pub path: String,
    /// V7's number of its dataset; none if the document does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset_id: Option<u64>,
    /// Its slots; their parts that lists show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// When it was first registered.
    pub inserted_at: Timestamp,
    /// When it was last registered.
    pub updated_at: Timestamp,
}

/// A slot of an item: one of the files that it consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Its name, such as `0`.
    pub slot_name: String,
    /// The file's name.
    pub file_name: String,
    /// V7's type: `image`, `video`, `pdf` or `dicom`.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

impl Formatted for Item {
    const WHAT: &'static str = "item";
    const FORMAT: u64 = 1;
}

/// Where the items are that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// Items in their Dataset: never assigned to a stage.
    #[serde(default)]
    pub in_dataset: bool,
    /// Items in one of these stages.
    #[serde(default)]
    pub stages: Vec<Uuid>,
}

/// Which of a team's items are wanted: those for which everything that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFilter {
    /// One of these items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Uuid>>,
    /// One of these names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// In one of these datasets, by V7's numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datasets: Option<Vec<u64>>,
    /// In this workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<Uuid>,
    /// In one of these places.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Places>,
    /// At rest, and the last webhook was at one of these stages and failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Vec<Uuid>>,
    /// The last webhook ended at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_from: Option<Timestamp>,
    /// The last webhook ended before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_before: Option<Timestamp>,
    /// Assigned to this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<u64>,
}

/// An item and its record; none while it is in its Dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The item.
    pub item: Item,
    /// Its record.
    pub state: Option<FileState>,
}
