use delivery::ports::{FileStates, WriteError};
use delivery::{Outcome, Status, Timestamp};
use futures_util::future::join_all;
use uuid::Uuid;

use super::{finished, key, waiting};

/// Reads see the last write; a write on another version is refused and tells what there is.
pub async fn conditional_writes(states: &impl FileStates) {
    let key = key();
    assert_eq!(states.get(&key).await.unwrap(), None);
    let first = waiting(&key, Uuid::from_u128(2));
    let mut second = first.clone();
    (second.version, second.status) = (2, Status::Queued);
    match states.put(&second).await {
        Err(WriteError::Conflict(None)) => {}
        other => panic!("a second version without a first: {other:?}"),
    }
    states.put(&first).await.unwrap();
    assert_eq!(states.get(&key).await.unwrap().as_ref(), Some(&first));
    states.put(&second).await.unwrap();
    assert_eq!(states.get(&key).await.unwrap().as_ref(), Some(&second));
    for version in [1, 2, 4] {
        let mut stale = first.clone();
        stale.version = version;
        stale.updated_at = Timestamp::from_millis(7);
        match states.put(&stale).await {
            Err(WriteError::Conflict(Some(found))) => assert_eq!(*found, second),
            other => panic!("version {version} after 2: {other:?}"),
        }
    }
    assert_eq!(states.get(&key).await.unwrap(), Some(second));
}

/// Of many writers of the same version exactly one wins, first or later.
pub async fn one_of_many_writers(states: &impl FileStates) {
    let key = key();
    for version in 1..=3 {
        let writers = (0..50).map(|writer| {
            let mut next = waiting(&key, Uuid::from_u128(writer));
            next.version = version;
            async move { states.put(&next).await.is_ok().then_some(next) }
        });
        let won: Vec<_> = join_all(writers).await.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "version {version}");
        assert_eq!(states.get(&key).await.unwrap().as_ref(), won.first());
    }
}

/// Every outcome comes back, and so does what a condition came to; also those that are written in a later format.
pub async fn outcomes(states: &impl FileStates) {
    for outcome in Outcome::ALL {
        let key = key();
        let mut state = waiting(&key, Uuid::from_u128(2));
        let mut delivery = finished(state.visit.stage_id, outcome);
        delivery.is_wanted = outcome != Outcome::Skipped;
        state.delivery = Some(delivery);
        states.put(&state).await.unwrap();
        assert_eq!(states.get(&key).await.unwrap(), Some(state.clone()));
        if let Some(snapshot) = states.snapshot(&state) {
            assert_eq!(states.restore(&key, &snapshot), Some(state));
        }
    }
}

/// A snapshot is the record itself, and of no other file. An engine need not have any.
pub async fn snapshots(states: &impl FileStates) {
    let key = key();
    let first = waiting(&key, Uuid::from_u128(2));
    states.put(&first).await.unwrap();
    assert_eq!(
        states.get_eventual(&key).await.unwrap().as_ref(),
        Some(&first)
    );
    assert_eq!(states.restore(&key, "{"), None);
    if let Some(snapshot) = states.snapshot(&first) {
        assert_eq!(states.restore(&key, &snapshot), Some(first));
        assert_eq!(states.restore(&super::key(), &snapshot), None);
    }
}
