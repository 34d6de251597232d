//! How long records are kept, and index entries that an earlier version wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{SystemTime, UNIX_EPOCH};

use aws::Table;
use aws_dynamodb_tests::Dynamo;
use delivery::ports::{FileStates, Listing, Lists};
use delivery::{FileKey, FileState, Outcome, Status};
use serde_json::{Value, json};
use tests::contract;
use uuid::Uuid;

const DAY: u64 = 24 * 3600;

fn pk(key: &FileKey) -> String {
    format!("FILE#{}#{}", key.team, key.item_id)
}

fn stored(dynamo: &Dynamo, key: &FileKey) -> Value {
    dynamo.item(&pk(key), "STATE")
}

async fn write(table: &Table, state: &mut FileState, status: Status) {
    state.status = status;
    table.put(state).await.unwrap();
    state.version += 1;
}

#[tokio::test]
async fn a_complete_file_expires_until_it_is_assigned_again() {
    let dynamo = Dynamo::default();
    let table = dynamo.table().with_finished_days(Some(30));
    let key = contract::key();
    let mut state = contract::waiting(&key, Uuid::from_u128(2));
    for (status, expires) in [
        (Status::Waiting, false),
        (Status::Queued, false),
        (Status::Complete, true),
        (Status::Queued, false),
    ] {
        write(&table, &mut state, status).await;
        let ttl = stored(&dynamo, &key)["ttl"].clone();
        assert_eq!(!ttl.is_null(), expires, "{status:?}: {ttl}");
        if expires {
            let ttl: u64 = ttl["N"].as_str().unwrap().parse().unwrap();
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let days = (ttl - now.as_secs()).div_ceil(DAY);
            assert_eq!(days, 30);
        }
    }
}

#[tokio::test]
async fn by_default_a_complete_file_is_kept_for_ever() {
    let dynamo = Dynamo::default();
    let key = contract::key();
    let mut state = contract::waiting(&key, Uuid::from_u128(2));
    write(&dynamo.table(), &mut state, Status::Complete).await;
    assert!(stored(&dynamo, &key)["ttl"].is_null());
}

#[tokio::test]
async fn a_file_whose_record_was_deleted_begins_anew() {
    let dynamo = Dynamo::default();
    let table = dynamo.table().with_finished_days(Some(30));
    let key = contract::key();
    let mut state = contract::waiting(&key, Uuid::from_u128(2));
    write(&table, &mut state, Status::Complete).await;
    dynamo.delete(&pk(&key), "STATE");
    assert_eq!(table.get(&key).await.unwrap(), None);
    // Whoever had read it cannot go on with it.
    assert!(table.put(&state).await.is_err());
    let mut anew = contract::waiting(&key, Uuid::from_u128(2));
    write(&table, &mut anew, Status::Waiting).await;
}

#[tokio::test]
async fn entries_of_the_first_version_of_keys_are_still_found() {
    let dynamo = Dynamo::default();
    let table = dynamo.table();
    let stage_id = Uuid::from_u128(7);
    let mut keys = Vec::new();
    for version in [1, 2] {
        let key = contract::key();
        let mut state = contract::waiting(&key, Uuid::from_u128(2));
        state.delivery = Some(contract::finished(stage_id, Outcome::Failed));
        write(&table, &mut state, Status::Waiting).await;
        let mut item = stored(&dynamo, &key);
        let written = item["failed_pk"]["S"].as_str().unwrap();
        assert!(written.starts_with("2#"), "{written}");
        if version == 1 {
            let part = key.item_id.as_bytes()[15] % 4;
            item["failed_pk"] = json!({"S": format!("{stage_id}#{part}")});
            dynamo.put(&item);
        }
        keys.push(key);
    }
    let listing = Listing {
        stages: vec![stage_id],
        failed: true,
    };
    let page = table.at_rest(&listing, None, 10).await.unwrap();
    let mut found: Vec<FileKey> = page.rows.into_iter().map(|state| state.key).collect();
    found.sort();
    keys.sort();
    assert_eq!(found, keys);
}
