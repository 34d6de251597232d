use std::collections::BTreeSet;

use delivery::ports::{FileStates, Lists, PortErrorKind};
use delivery::{
    AttemptSummary, DeliveryState, FileKey, FileState, Outcome, Reason, S3Object, Status,
    Timestamp, Trace, Visit,
};
use embedded::{Engine, Options};
use proptest::prelude::*;
use rusqlite::{Connection, params};
use tests::inputs::record::comes_back;
use tokio::runtime::Runtime;
use uuid::Uuid;
use workflow::{Actor, Role};

fn id() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

/// Text that looks like what the compact form uses.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[~#/a\\x00é]{0,6}",
        "~[A-Za-z0-9_-]{22}",
        id().prop_map(|id| id.to_string()),
        id().prop_map(|id| id.simple().to_string())
    ]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![any::<i64>(), 1_700_000_000_000..1_900_000_000_000_i64]
        .prop_map(Timestamp::from_millis)
}

fn actor() -> impl Strategy<Value = Actor> {
    prop_oneof![
        (any::<Option<u64>>(), prop::sample::select(&Role::ALL[..]))
            .prop_map(|(id, role)| Actor::User { id, role }),
        id().prop_map(|from_visit| Actor::Workflow { from_visit }),
    ]
}

fn reason() -> impl Strategy<Value = Option<Reason>> {
    prop::option::of(prop::sample::select(Reason::ALL))
}

fn attempt() -> impl Strategy<Value = AttemptSummary> {
    (
        any::<u32>(),
        time(),
        any::<Option<u16>>(),
        reason(),
        any::<u32>(),
    )
        .prop_map(
            |(attempt, at, status, reason, duration_ms)| AttemptSummary {
                attempt,
                at,
                status,
                reason,
                duration_ms,
            },
        )
}

fn object() -> impl Strategy<Value = S3Object> {
    (
        text(),
        text(),
        prop::option::of(text()),
        prop::option::of(text()),
    )
        .prop_map(|(bucket, key, version_id, etag)| S3Object {
            bucket,
            key,
            version_id,
            etag,
        })
}

fn visit() -> impl Strategy<Value = Visit> {
    (
        id(),
        id(),
        any::<u32>(),
        time(),
        actor(),
        any::<Option<u64>>(),
    )
        .prop_map(
            |(id, stage_id, sequence, entered_at, assigned_by, assignee)| Visit {
                id,
                stage_id,
                sequence,
                entered_at,
                assigned_by,
                assignee,
            },
        )
}

fn trace() -> impl Strategy<Value = Trace> {
    (1..=u128::MAX, 0..=1_u8).prop_map(|(id, flag)| {
        let given = format!("00-{id:032x}-{:016x}-0{flag}", 1);
        Trace::of_traceparent(&given).unwrap()
    })
}

fn delivery() -> impl Strategy<Value = DeliveryState> {
    let outcome = prop::option::of(prop::sample::select(&Outcome::ALL[..]));
    let open = (
        visit(),
        any::<u32>(),
        time(),
        prop::option::of(time()),
        prop::option::of(id()),
        prop::collection::vec(attempt(), 0..4),
        (
            any::<u64>(),
            any::<bool>(),
            any::<bool>(),
            prop::option::of(trace()),
        ),
    );
    let end = (
        any::<bool>(),
        prop::option::of(object()),
        outcome,
        reason(),
        prop::option::of(time()),
        prop::option::of(id()),
    );
    (open, end).prop_map(
        |(
            (
                visit,
                attempt,
                next_at,
                lease_until,
                claim_id,
                attempts,
                (held_ms, is_reserved, is_wanted, trace),
            ),
            (inline, document, outcome, reason, ended_at, moved_to),
        )| {
            DeliveryState {
                delivery_id: visit.id,
                stage_id: visit.stage_id,
                sequence: visit.sequence,
                assigned_by: visit.assigned_by,
                opened_at: visit.entered_at,
                attempt,
                next_at,
                held_ms,
                is_reserved,
                is_wanted,
                lease_until,
                claim_id,
                attempts,
                inline,
                document,
                trace,
                outcome,
                reason,
                ended_at,
                moved_to,
            }
        },
    )
}

fn state() -> impl Strategy<Value = FileState> {
    let statuses = [
        Status::Waiting,
        Status::Assigned,
        Status::Queued,
        Status::Sending,
        Status::Complete,
    ];
    let rest = (
        any::<u64>(),
        prop::collection::btree_set(id(), 0..3),
        any::<u32>(),
        time(),
    );
    (
        text(),
        id(),
        id(),
        prop::sample::select(statuses.to_vec()),
        visit(),
        prop::option::of(delivery()),
        rest,
    )
        .prop_map(
            |(
                team,
                item_id,
                workflow_id,
                status,
                visit,
                delivery,
                (version, passed, hops, updated_at),
            )| FileState {
                key: FileKey { team, item_id },
                workflow_id,
                version,
                status,
                visit,
                delivery,
                passed,
                hops,
                updated_at,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_comes_back_from_either_store(state in state()) {
        comes_back(&state);
    }
}

/// Through the database itself: text with a NUL in it, and numbers at their ends, are rows too.
#[test]
fn any_record_comes_back_from_the_database() {
    let runtime = Runtime::new().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(mut state in state())| {
        state.version = 1;
        runtime.block_on(async {
            engine.put(&state).await.expect("a first record");
            let found = engine.get(&state.key).await.expect("a record can be read");
            assert_eq!(found.as_ref(), Some(&state));
        });
    });
}

/// Damage in a row is named as damage, which no retry mends, and costs that row only.
#[tokio::test]
async fn a_damaged_row_says_so_and_costs_itself_only() {
    let directory = tempfile::tempdir().unwrap();
    let good = good(1);
    let junk: Vec<(u128, rusqlite::types::Value)> = vec![
        (2, "".to_owned().into()),
        (3, "{}".to_owned().into()),
        (4, "{\"key\":".to_owned().into()),
        (5, "\0".to_owned().into()),
        (6, 7_i64.into()),
        (7, 1.5.into()),
        (8, vec![0xff_u8, 0xfe].into()),
        (9, serde_json::to_vec(&good).unwrap().into()),
    ];
    let path = {
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        for (item, _) in &junk {
            engine.put(&self::good(*item)).await.unwrap();
        }
        engine.put(&good).await.unwrap();
        database(directory.path())
    };
    let db = Connection::open(path).unwrap();
    for (item, body) in &junk {
        let changed = db.execute(
            "UPDATE states SET body = ?1 WHERE item_id = ?2",
            params![body, Uuid::from_u128(*item)],
        );
        assert_eq!(changed, Ok(1));
    }
    // Text that is no UTF-8.
    db.execute(
        "UPDATE states SET body = CAST(x'ff' AS TEXT) WHERE item_id = ?1",
        params![Uuid::from_u128(8)],
    )
    .unwrap();
    drop(db);
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    for (item, body) in &junk {
        let key = self::good(*item).key;
        let error = engine.get(&key).await.expect_err("junk is not a record");
        assert_eq!(
            error.kind,
            PortErrorKind::Corrupt,
            "{body:?} reads as {error:?}"
        );
    }
    assert_eq!(engine.get(&good.key).await.unwrap(), Some(good.clone()));
    assert_eq!(engine.visits(&good.key).await.unwrap(), []);
}

fn database(directory: &std::path::Path) -> std::path::PathBuf {
    let mut files = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "db" || extension == "sqlite")
        })
        .expect("a state directory has a database")
}

fn good(item: u128) -> FileState {
    FileState {
        key: FileKey {
            team: "team".to_owned(),
            item_id: Uuid::from_u128(item),
        },
        workflow_id: Uuid::from_u128(100),
        version: 1,
        status: Status::Waiting,
        visit: Visit {
            id: Uuid::from_u128(101),
            stage_id: Uuid::from_u128(102),
            sequence: 1,
            entered_at: Timestamp::from_millis(0),
            assigned_by: Actor::User {
                id: None,
                role: Role::Admin,
            },
            assignee: None,
        },
        delivery: None,
        passed: BTreeSet::new(),
        hops: 0,
        updated_at: Timestamp::from_millis(0),
    }
}
