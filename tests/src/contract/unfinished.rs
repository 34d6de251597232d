use std::collections::BTreeMap;

use delivery::ports::{FileStates, ScanSegment, Unfinished};
use delivery::{FileKey, FileState, Outcome, Status, Timestamp};
use uuid::Uuid;

use super::{finished, key, waiting};

/// Parts that are looked through one after the other.
const PARTITIONS: u32 = 3;

/// Files that are not at rest are found, each in one part, and no others.
pub async fn unfinished(store: &(impl FileStates + Unfinished)) {
    let stage = Uuid::new_v4();
    let mut expected = BTreeMap::new();
    for status in [
        Status::Waiting,
        Status::Assigned,
        Status::Queued,
        Status::Sending,
        Status::Complete,
    ] {
        for _ in 0..4 {
            let state = moving(&key(), stage, status);
            store.put(&state).await.unwrap();
            if !status.is_at_rest() {
                expected.insert(state.key.clone(), state);
            }
        }
    }
    let mut found = BTreeMap::new();
    for number in 0..PARTITIONS {
        let part = ScanSegment {
            number,
            of: PARTITIONS,
        };
        let mut after = None;
        loop {
            let page = store.unfinished(part, after.as_deref()).await.unwrap();
            for file in page.rows {
                let file = file.unwrap();
                assert_ne!(file.has_message, Some(true), "nothing was sent");
                // A store may be shared with other suites.
                if file.state.visit.stage_id == stage {
                    let before = found.insert(file.state.key.clone(), file.state);
                    assert_eq!(before, None, "found twice");
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    assert_eq!(found, expected);
}

fn moving(key: &FileKey, stage: Uuid, status: Status) -> FileState {
    let mut state = waiting(key, stage);
    state.status = status;
    if matches!(status, Status::Queued | Status::Sending) {
        let mut open = finished(stage, Outcome::Failed);
        (open.outcome, open.reason, open.ended_at) = (None, None, None);
        open.delivery_id = state.visit.id;
        open.lease_until = (status == Status::Sending).then_some(Timestamp::from_millis(1));
        state.delivery = Some(open);
    }
    state
}
