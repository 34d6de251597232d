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

impl ItemFilter {
    /// Whether an item is wanted, as far as what is known of it tells, without its record.
    #[must_use]
    pub fn wants_item(&self, item: &Item) -> bool {
        let is_one = |ids: &Vec<Uuid>| ids.contains(&item.key.item_id);
        let is_named = |names: &Vec<String>| names.contains(&item.name);
        let is_of = |datasets: &Vec<u64>| item.dataset_id.is_some_and(|id| datasets.contains(&id));
        self.items.as_ref().is_none_or(is_one)
            && self.names.as_ref().is_none_or(is_named)
            && self.datasets.as_ref().is_none_or(is_of)
    }

    /// Whether an item with this record is wanted, as far as its record tells; none while it is in its Dataset.
    #[must_use]
    pub fn wants_state(&self, state: Option<&FileState>) -> bool {
        let stage = state.map(|state| state.visit.stage_id);
        let is_there = |places: &Places| match stage {
            Some(stage) => places.stages.contains(&stage),
            None => places.in_dataset,
        };
        let failed = state.filter(|state| state.is_failed_at_rest());
        let failed = failed.and_then(|state| state.delivery.as_ref());
        let has_failed =
            |stages: &Vec<Uuid>| failed.is_some_and(|delivery| stages.contains(&delivery.stage_id));
        let ended = state.and_then(|state| state.delivery.as_ref()?.ended_at);
        let is_assigned = |user: u64| state.is_some_and(|state| state.visit.assignee == Some(user));
        let is_in = |id: Uuid| state.is_some_and(|state| state.workflow_id == id);
        self.workflow_id.is_none_or(is_in)
            && self.places.as_ref().is_none_or(is_there)
            && self.failed_at.as_ref().is_none_or(has_failed)
            && self
                .ended_from
                .is_none_or(|from| ended.is_some_and(|at| at >= from))
            && self
                .ended_before
                .is_none_or(|before| ended.is_some_and(|at| at < before))
            && self.assignee.is_none_or(is_assigned)
    }
}

/// An item and its record; none while it is in its Dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The item.
    pub item: Item,
    /// Its record.
    pub state: Option<FileState>,
}
