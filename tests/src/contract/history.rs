use delivery::ports::{FileStates, History, Listing, Lists};
use delivery::{
    AttemptRecord, AttemptSummary, FileState, Outcome, Reason, Rejection, Timestamp, VisitRecord,
};
use uuid::Uuid;
use workflow::{Actor, RejectReason, Role};

use super::{finished, key, waiting};

/// What is kept is found again, once, in order; an older version never replaces a newer one.
pub async fn history(store: &(impl History + Lists)) {
    let key = key();
    let stage = Uuid::from_u128(3);
    let mut visits = Vec::new();
    for sequence in [2, 1, 3] {
        let mut state = waiting(&key, stage);
        state.visit.sequence = sequence;
        let record = VisitRecord {
            key: key.clone(),
            workflow_id: state.workflow_id,
            version: 5,
            visit: state.visit,
            delivery: Some(finished(stage, Outcome::Failed)),
        };
        assert_eq!(store.find_visit(&key, record.visit.id).await.unwrap(), None);
        store.visit(&record).await.unwrap();
        store.visit(&record).await.unwrap();
        let found = store.find_visit(&key, record.visit.id).await.unwrap();
        assert_eq!(found.as_ref(), Some(&record));
        visits.push(record);
    }
    visits.sort_by_key(|record| record.visit.sequence);
    let mut stale = visits[0].clone();
    (stale.version, stale.delivery) = (4, None);
    store.visit(&stale).await.unwrap();
    assert_eq!(store.visits(&key).await.unwrap(), visits);
    visits[1].version = 6;
    visits[1].delivery = Some(finished(stage, Outcome::Succeeded));
    store.visit(&visits[1]).await.unwrap();
    assert_eq!(store.visits(&key).await.unwrap(), visits);

    let attempts: Vec<_> = (1..=3).map(|number| attempt(&key, number)).collect();
    for record in attempts.iter().rev() {
        store.attempt(record).await.unwrap();
        store.attempt(record).await.unwrap();
    }
    assert_eq!(store.attempts(&key).await.unwrap(), attempts);
    let mut of_a_lost_lease = attempts[0].clone();
    of_a_lost_lease.version = 6;
    of_a_lost_lease.summary.status = Some(500);
    store.attempt(&of_a_lost_lease).await.unwrap();
    assert_eq!(store.attempts(&key).await.unwrap(), attempts);

    let mut rejection = Rejection {
        key: key.clone(),
        assignment_id: Uuid::new_v4(),
        workflow_id: Uuid::from_u128(1),
        stage_id: stage,
        actor: Actor::User {
            id: Some(7),
            role: Role::Annotator,
        },
        reason: RejectReason::WorkerCannotFireAutomatedStage,
        at: Timestamp::from_millis(1_790_000_000_000),
    };
    store.rejection(&rejection).await.unwrap();
    store.rejection(&rejection).await.unwrap();
    assert_eq!(store.rejections(&key).await.unwrap(), [rejection.clone()]);
    rejection.actor = Actor::User {
        id: Some(7),
        role: Role::Admin,
    };
    rejection.at = Timestamp::from_millis(1_790_000_000_001);
    store.rejection(&rejection).await.unwrap();
    assert_eq!(store.rejections(&key).await.unwrap().len(), 2);
}

fn attempt(key: &delivery::FileKey, number: u32) -> AttemptRecord {
    AttemptRecord {
        key: key.clone(),
        version: 7,
        delivery_id: Uuid::from_u128(9),
        stage_id: Uuid::from_u128(3),
        summary: AttemptSummary {
            attempt: number,
            at: Timestamp::from_millis(1_790_000_000_000 + i64::from(number)),
            status: Some(503),
            reason: Some(Reason::HttpStatus),
            duration_ms: 12,
        },
        request_bytes: 2048,
        response_excerpt: "überlastet \"now\"\n".to_owned(),
        detail: Some("the answer's body stalled".to_owned()),
    }
}

/// Files at rest are listed by stages, and where their last webhook failed; by pages, oldest first unless every record is
/// read for it.
pub async fn lists(store: &(impl FileStates + Lists)) {
    let (webhook, human, other) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    let mut resting = Vec::new();
    for number in 0..25_i64 {
        let mut state = waiting(&key(), human);
        if number % 3 == 0 {
            state.visit.stage_id = other;
        }
        state.updated_at = Timestamp::from_millis(1_790_000_000_000 + number);
        let outcome = if number % 2 == 0 {
            Outcome::Failed
        } else {
            Outcome::Succeeded
        };
        state.delivery = Some(finished(webhook, outcome));
        store.put(&state).await.unwrap();
        resting.push(state);
    }
    let mut moving = waiting(&key(), human);
    moving.status = delivery::Status::Sending;
    store.put(&moving).await.unwrap();
    let at_rest = |stages: &[Uuid]| Listing {
        stages: stages.to_vec(),
        failed: false,
    };
    let in_stage = |states: &[FileState], stage| {
        let chosen = states.iter().filter(|state| state.visit.stage_id == stage);
        chosen.cloned().collect::<Vec<_>>()
    };
    let failed = Listing {
        stages: vec![webhook],
        failed: true,
    };
    let expected: Vec<_> = resting.iter().step_by(2).cloned().collect();
    for limit in [1, 3, 10, 100] {
        let all = at_rest(&[human, other]);
        assert_eq!(pages(store, &all, limit).await, resting, "{limit}");
        let one = pages(store, &at_rest(&[human]), limit).await;
        assert_eq!(one, in_stage(&resting, human), "{limit}");
        assert_eq!(pages(store, &failed, limit).await, expected, "{limit}");
    }
    for nothing in [at_rest(&[webhook]), at_rest(&[])] {
        assert_eq!(pages(store, &nothing, 10).await, []);
    }
    // Two move on: one that had failed, and one that had not.
    for mut gone in resting.drain(..2) {
        gone.version = 2;
        gone.status = delivery::Status::Queued;
        gone.delivery = None;
        store.put(&gone).await.unwrap();
    }
    let all = at_rest(&[human, other]);
    assert_eq!(pages(store, &all, 100).await, resting);
    assert_eq!(pages(store, &failed, 100).await, expected[1..]);
}

async fn pages(store: &impl Lists, listing: &Listing, limit: usize) -> Vec<FileState> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store
            .at_rest(listing, after.as_deref(), limit)
            .await
            .unwrap();
        assert!(page.rows.len() <= limit);
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if store.reads_all_records(listing) {
        rows.sort_by_key(|state| state.updated_at);
    }
    rows
}
