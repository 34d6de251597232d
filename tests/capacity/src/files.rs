use std::time::Duration;

use delivery::control::Lane;
use delivery::{Delivery, DeliveryState, FileKey, FileState, Status, Task, Timestamp, Visit};
use workflow::{Actor, Role};

use crate::ids;

pub(crate) const TEAM: &str = "team";

/// A file: its record, and what happened to it.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) stage: usize,
    pub(crate) state: FileState,
    pub(crate) arrived: Duration,
    pub(crate) first_called: Option<Duration>,
    pub(crate) left: Option<Duration>,
    /// Calls made for it.
    pub(crate) calls: u32,
    /// How often its message was received.
    pub(crate) receives: u32,
}

impl File {
    /// As the dispatcher leaves a file behind: its delivery is open, and the first attempt due at once.
    pub(crate) fn queued(number: usize, stage: usize, arrived: Duration, now: Timestamp) -> Self {
        let (id, stage_id) = (ids::delivery(number), ids::stage(stage));
        let by = Actor::User {
            id: None,
            role: Role::Admin,
        };
        let visit = Visit {
            id,
            stage_id,
            sequence: 1,
            entered_at: now,
            assigned_by: by,
            assignee: None,
        };
        let open = DeliveryState::open(&visit, now);
        let key = FileKey {
            team: TEAM.to_owned(),
            item_id: ids::item(number),
        };
        let state = FileState {
            key,
            workflow_id: ids::WORKFLOW,
            version: 1,
            status: Status::Queued,
            visit,
            delivery: Some(open),
            passed: std::collections::BTreeSet::default(),
            hops: 0,
            updated_at: now,
        };
        Self {
            stage,
            state,
            arrived,
            first_called: None,
            left: None,
            calls: 0,
            receives: 0,
        }
    }
}

/// The message that the dispatcher sends for it.
pub(crate) fn first_message(number: usize, stage: usize, lane: Lane) -> Delivery {
    Delivery {
        delivery_id: ids::delivery(number),
        team: TEAM.to_owned(),
        item_id: ids::item(number),
        workflow_id: ids::WORKFLOW,
        stage_id: ids::stage(stage),
        task: Task::Attempt(1),
        document: None,
        lane,
        snapshot: None,
    }
}
