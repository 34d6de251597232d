//! One contract, run against every adapter of a port.

mod controls;
mod documents;
mod history;
mod items;
mod newer;
mod operator;
mod queues;
mod receive;
mod service;
mod states;
mod unfinished;

pub use controls::{controls, held_back};
pub use documents::documents;
pub use history::{history, lists};
pub use items::items;
pub use newer::{CONTROL, newer};
pub use operator::{operator, put_document, put_workflow};
pub use queues::{InFlight, QueueUnderTest, queues};
pub use receive::receive;
pub use service::{keys, service};
pub use states::{conditional_writes, one_of_many_writers, outcomes, snapshots};
pub use unfinished::unfinished;

use delivery::{DeliveryState, FileKey, FileState, Outcome, Reason, Status, Timestamp, Visit};
use uuid::Uuid;
use workflow::{Actor, Role};

/// A file of its own, so that suites may share a store.
#[must_use]
pub fn key() -> FileKey {
    FileKey {
        team: "contract".to_owned(),
        item_id: Uuid::new_v4(),
    }
}

/// A record's first version, waiting in `stage_id`.
#[must_use]
pub fn waiting(key: &FileKey, stage_id: Uuid) -> FileState {
    FileState {
        key: key.clone(),
        workflow_id: Uuid::from_u128(1),
        version: 1,
        status: Status::Waiting,
        visit: Visit {
            id: Uuid::new_v4(),
            stage_id,
            sequence: 1,
            entered_at: Timestamp::from_millis(1_790_000_000_000),
            assigned_by: Actor::User {
                id: Some(42),
                role: Role::Admin,
            },
            assignee: None,
        },
        delivery: None,
        passed: std::collections::BTreeSet::new(),
        hops: 0,
        updated_at: Timestamp::from_millis(1_790_000_000_000),
    }
}

/// A finished delivery at `stage_id`.
#[must_use]
pub fn finished(stage_id: Uuid, outcome: Outcome) -> DeliveryState {
    let at = Timestamp::from_millis(1_790_000_000_000);
    let visit = Visit {
        id: Uuid::new_v4(),
        stage_id,
        sequence: 1,
        entered_at: at,
        assigned_by: Actor::User {
            id: None,
            role: Role::Member,
        },
        assignee: None,
    };
    DeliveryState {
        outcome: Some(outcome),
        reason: (outcome == Outcome::Failed).then_some(Reason::Timeout),
        ended_at: Some(at),
        ..DeliveryState::open(&visit, at)
    }
}
