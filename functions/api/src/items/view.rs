use std::sync::Arc;

use delivery::{FileState, Listed, Slot, Status};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use workflow::Workflow;

use super::filter::status_of;
use crate::time::written;

/// An item, with V7's fields as far as they are known here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Item {
    /// Its id.
    id: Uuid,
    /// Its name.
    name: String,
    /// Its folder in the dataset.
    path: String,
    /// V7's number of its dataset.
    dataset_id: Option<u64>,
    /// `new`, `annotate`, `review`, `complete`, `archived`, or the type of the automated stage that it is in.
    status: String,
    /// Always `complete`: an item is registered with its document.
    processing_status: &'static str,
    /// Whether it is archived.
    archived: bool,
    /// Its slots.
    slots: Vec<ItemSlot>,
    /// The token of the page that begins after it.
    cursor: Uuid,
    /// When it was first registered; unknown for items that came by the command line.
    inserted_at: Option<String>,
    /// When it was last registered.
    updated_at: Option<String>,
    /// Where it is. It is left out while the item is in its Dataset: V7's client takes `null` for a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_data: Option<WorkflowData>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ItemSlot {
    slot_name: String,
    file_name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Where an item is.
#[derive(Debug, Serialize, ToSchema)]
struct WorkflowData {
    workflow_id: Uuid,
    /// Whether it waits for a person or is complete, and no delivery is under way.
    at_rest: bool,
    current_stage_instances: [StageInstance; 1],
    webhook: Option<Webhook>,
}

/// The visit that an item is in.
#[derive(Debug, Serialize, ToSchema)]
struct StageInstance {
    id: Uuid,
    stage_id: Uuid,
    status: &'static str,
    /// Whom it is assigned to.
    user_id: Option<u64>,
    entered_at: String,
}

/// The current or last delivery.
#[derive(Debug, Serialize, ToSchema)]
struct Webhook {
    /// The delivery, which is the `webhook-id` of its calls.
    delivery_id: Uuid,
    stage_id: Uuid,
    /// `assigned`, `queued`, `sending`, `succeeded`, `failed` or `skipped`.
    status: &'static str,
    /// Attempts so far.
    attempts: usize,
    /// How many of them were calls.
    calls: usize,
    /// The HTTP status of the last answer.
    last_status: Option<u16>,
    /// The stable code of why it failed.
    reason: Option<&'static str>,
    /// When it ended.
    ended_at: Option<String>,
}

/// An item as the API shows it.
pub(crate) fn view(listed: Listed, workflows: &[Arc<Workflow>]) -> Item {
    let Listed { item, state } = listed;
    let known = |time: delivery::Timestamp| (time.as_millis() > 0).then(|| written(time));
    let status = state.as_ref().map_or("new", |state| {
        let of = workflows
            .iter()
            .find(|workflow| workflow.id == state.workflow_id);
        let stage = of.and_then(|workflow| workflow.stage(state.visit.stage_id));
        stage.map_or("new", |stage| status_of(&stage.kind))
    });
    Item {
        id: item.key.item_id,
        name: item.name,
        path: item.path,
        dataset_id: item.dataset_id,
        processing_status: "complete",
        archived: status == "archived",
        status: status.to_owned(),
        slots: item.slots.into_iter().map(slot).collect(),
        cursor: item.key.item_id,
        inserted_at: known(item.inserted_at),
        updated_at: known(item.updated_at),
        workflow_data: state.as_ref().map(place),
    }
}

fn slot(slot: Slot) -> ItemSlot {
    ItemSlot {
        slot_name: slot.slot_name,
        file_name: slot.file_name,
        kind: slot.kind,
    }
}

fn place(state: &FileState) -> WorkflowData {
    let visit = &state.visit;
    let webhook = state.delivery.as_ref().map(|delivery| Webhook {
        delivery_id: delivery.delivery_id,
        stage_id: delivery.stage_id,
        status: match (delivery.outcome, state.status) {
            (Some(outcome), _) => outcome.as_str(),
            (None, Status::Sending) => "sending",
            (None, _) => "queued",
        },
        attempts: delivery.attempts.len(),
        calls: delivery.calls(),
        last_status: delivery.last_status(),
        reason: delivery.reason.map(delivery::Reason::code),
        ended_at: delivery.ended_at.map(written),
    });
    WorkflowData {
        workflow_id: state.workflow_id,
        at_rest: state.status.is_at_rest(),
        current_stage_instances: [StageInstance {
            id: visit.id,
            stage_id: visit.stage_id,
            status: "current",
            user_id: visit.assignee,
            entered_at: written(visit.entered_at),
        }],
        webhook,
    }
}
