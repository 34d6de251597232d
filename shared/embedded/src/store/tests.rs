//! The store against itself: one folds its changes when it wants to, is closed without folding and commits in vain; the
//! other has all in its tables after every step. Nobody can tell them apart.

use std::collections::BTreeSet;

use delivery::format::read_stored;
use delivery::ports::{PortError, Queue, Received};
use delivery::{FileKey, FileState, Status, Timestamp, Visit};
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;
use workflow::{Actor, Role};

use super::change::StateRow;
use super::{Posted, Store, journal};
use crate::schema;

const QUEUES: [Queue; 2] = [Queue::Deliveries, Queue::DeliveriesDeadLetters];

#[derive(Clone, Debug)]
enum Step {
    /// Writes a file's record as version `before + 1`.
    Put {
        item: u128,
        before: u64,
    },
    /// Posts so many messages.
    Post {
        group: u8,
        at: i64,
        count: usize,
    },
    /// Receives at this time.
    Take {
        now: i64,
        most: usize,
    },
    /// Settles some of the messages that were received, by number.
    Delete {
        first: usize,
    },
    Release {
        first: usize,
        at: i64,
    },
    /// A commit that fails, of records and messages.
    InVain {
        item: u128,
        before: u64,
        group: u8,
    },
    /// The process ends without closing the database.
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let (item, before) = (0..6_u128, 0..8_u64);
    prop_oneof![
        6 => (item.clone(), before.clone()).prop_map(|(item, before)| Step::Put { item, before }),
        4 => (0..3_u8, 0..50_i64, 1..4_usize)
            .prop_map(|(group, at, count)| Step::Post { group, at, count }),
        6 => (0..60_i64, 1..11_usize).prop_map(|(now, most)| Step::Take { now, most }),
        4 => (0..20_usize).prop_map(|first| Step::Delete { first }),
        2 => (0..20_usize, 0..50_i64).prop_map(|(first, at)| Step::Release { first, at }),
        2 => (item, before, 0..3_u8)
            .prop_map(|(item, before, group)| Step::InVain { item, before, group }),
        1 => Just(Step::Crash),
    ]
}

struct Subject {
    directory: TempDir,
    store: Option<Store>,
    is_eager: bool,
    received: Vec<Received>,
}

impl Subject {
    fn new(is_eager: bool) -> Self {
        let mut new = Self {
            directory: tempfile::tempdir().unwrap(),
            store: None,
            is_eager,
            received: Vec::new(),
        };
        new.reopen();
        new
    }

    fn reopen(&mut self) {
        drop(self.store.take());
        let path = self.directory.path().join("db");
        let mut db = Connection::open(path).unwrap();
        // The disk itself is not tested.
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "OFF").unwrap();
        schema::prepare(&mut db).unwrap();
        let after_a_crash = journal::recover(&mut db).unwrap();
        self.store = Some(Store::new(db, after_a_crash, None).unwrap());
    }

    fn store(&mut self) -> &mut Store {
        self.store.as_mut().unwrap()
    }

    /// Makes a step, and returns whatever can be seen of it.
    fn make(&mut self, step: &Step) -> String {
        let is_eager = self.is_eager;
        let seen = match step {
            Step::Put { item, before } => {
                let store = self.store();
                store.begin().unwrap();
                let seen = put(store, *item, *before);
                store.commit().unwrap();
                seen
            }
            Step::Post { group, at, count } => {
                let store = self.store();
                store.begin().unwrap();
                post(store, *group, *at, *count);
                store.commit().unwrap();
                String::new()
            }
            Step::Take { now, most } => {
                let taken = self
                    .store()
                    .take(Queue::Deliveries, *most, (*now, now + 30), |group| {
                        7_usize.saturating_sub(group.in_flight)
                    })
                    .unwrap();
                let seen = format!("{:?} {}", taken.received, taken.has_dead);
                self.received.extend(taken.received);
                seen
            }
            Step::Delete { first } => {
                let receipts = self.receipts(*first);
                format!(
                    "{:?}",
                    self.store().delete(Queue::Deliveries, &receipts).unwrap()
                )
            }
            Step::Release { first, at } => {
                let receipts = self.receipts(*first);
                let store = self.store();
                let released = store.release(Queue::Deliveries, &receipts, *at, 1);
                format!("{:?}", released.unwrap())
            }
            Step::InVain {
                item,
                before,
                group,
            } => {
                let store = self.store();
                store.begin().unwrap();
                let seen = put(store, *item, *before);
                post(store, *group, 0, 2);
                // Part of the commit that fails, too.
                let room = |_: delivery::ports::Group<'_>| 10;
                store.take(Queue::Deliveries, 3, (50, 80), room).unwrap();
                store.roll_back();
                seen
            }
            Step::Crash => {
                self.store().write_unflushed().unwrap();
                self.reopen();
                String::new()
            }
        };
        if is_eager {
            self.store().fold_all().unwrap();
        }
        let state = (0..6).map(|item| version(self.store(), item));
        let state: Vec<_> = state.collect();
        let store = self.store();
        let due = QUEUES.map(|queue| store.next_due(queue, 60, |_| 1));
        let held = [0, 1, 2].map(|group| store.held(Queue::Deliveries, &name(group)));
        format!("{seen} {state:?} {due:?} {held:?}")
    }

    fn receipts(&self, first: usize) -> Vec<(i64, i64)> {
        let some = self.received.iter().skip(first).take(3);
        some.map(|one| (one.message_id, one.receipt)).collect()
    }

    /// The rows of the tables.
    fn rows(&mut self) -> Vec<String> {
        let store = self.store();
        store.fold_all().unwrap();
        let mut rows = Vec::new();
        for sql in [
            "SELECT concat_ws(' ', team, hex(item_id), version, status, body) FROM states
                 ORDER BY team, item_id",
            "SELECT concat_ws(' ', id, queue, message_group, visible_at, sent_at, receive_count,
                 receipt IS NULL, body) FROM messages ORDER BY id",
            "SELECT concat_ws(' ', id, 'left') FROM journal",
        ] {
            let mut select = store.db().prepare(sql).unwrap();
            let found = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.extend(found.map(Result::unwrap));
        }
        rows
    }
}

fn parse(body: &str) -> Result<FileState, PortError> {
    read_stored("read file state", body)
}

fn key(item: u128) -> FileKey {
    FileKey {
        team: "t".to_owned(),
        item_id: Uuid::from_u128(item),
    }
}

fn version(store: &mut Store, item: u128) -> Option<u64> {
    let found = store.state(&key(item)).unwrap()?;
    Some(found.read(parse).unwrap().version)
}

fn name(group: u8) -> String {
    format!("g{group}")
}

fn put(store: &mut Store, item: u128, before: u64) -> String {
    let then = Timestamp::from_millis(0);
    let assigned_by = Actor::User {
        id: None,
        role: Role::Admin,
    };
    let state = FileState {
        key: key(item),
        workflow_id: Uuid::nil(),
        version: before + 1,
        status: Status::Waiting,
        delivery: None,
        visit: Visit {
            id: Uuid::nil(),
            stage_id: Uuid::nil(),
            sequence: 1,
            entered_at: then,
            assigned_by,
            assignee: None,
        },
        passed: BTreeSet::new(),
        hops: 0,
        updated_at: then,
    };
    let row = StateRow {
        team: "t".into(),
        item_id: state.key.item_id,
        version: i64::try_from(state.version).unwrap(),
        status: "waiting".into(),
        stage_id: Uuid::nil(),
        at_rest: true,
        failed_stage: None,
        updated_at: 0,
        body: serde_json::to_string(&state).unwrap().into(),
    };
    let refused = store.put_state(state.key.clone(), row, state).unwrap();
    let found = refused.map(|found| found.map(|found| found.read(parse).unwrap()));
    format!("{:?}", found.map(|found| found.map(|state| state.version)))
}

fn post(store: &mut Store, group: u8, at: i64, count: usize) {
    let messages = (0..count).map(|number| Posted {
        group: name(group),
        body: format!("{number}"),
        visible_at: at,
    });
    let messages = messages.collect();
    store.post(Queue::Deliveries, at, messages).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_can_tell_what_has_been_folded(steps in proptest::collection::vec(step(), 1..150)) {
        let (mut eager, mut lazy) = (Subject::new(true), Subject::new(false));
        for step in &steps {
            prop_assert_eq!(lazy.make(step), eager.make(step), "{:?}", step);
        }
        prop_assert_eq!(lazy.rows(), eager.rows());
    }
}
