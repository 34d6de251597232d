//! State directories with many files at rest. Delivering a million takes minutes, so one is delivered, and its
//! rows are written again under other ids, whatever tables they are in. The directories are kept for the next
//! run, as long as the engine's tables stay as they are.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use serde_json::json;
use uuid::Uuid;

use crate::drained::Drained;
use crate::files::File;
use crate::pipeline::{Calls, Pipeline};
use crate::receiver::WELL;
use crate::remote::Remote;
use crate::stage::Stage;

const DATABASE: &str = "webhook-stage.db";

/// A directory with so many files at rest.
pub(crate) async fn directory(count: usize) -> PathBuf {
    let sample = crate::pipeline::directory();
    let file = one_at_rest(sample.path()).await;
    let tables = tables(&connection(sample.path()));
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let kept = root.join(format!("at-rest-{count}"));
    let made_of = kept.with_extension("tables");
    if fs::read_to_string(&made_of).ok() == Some(format!("{tables:?}")) {
        return kept;
    }
    eprintln!("making {count} files at rest …");
    let _ = fs::remove_dir_all(&kept);
    fs::create_dir(&kept).unwrap();
    for entry in fs::read_dir(sample.path()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), kept.join(entry.file_name())).unwrap();
    }
    multiply(&connection(&kept), &tables, &file, count);
    fs::write(made_of, format!("{tables:?}")).unwrap();
    kept
}

async fn one_at_rest(directory: &Path) -> File {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let pipeline = Pipeline::open(directory, &[stage]).await;
    let files = pipeline.files("Well", 1).await;
    crate::files::assign(&pipeline.engine, &files).await;
    let drained = Drained::of(&pipeline, &files, &mut remote, Calls::default()).await;
    assert!(drained.promises("", "").iter().all(|row| !row.broken));
    files.into_iter().next().unwrap()
}

fn connection(directory: &Path) -> Connection {
    Connection::open(directory.join(DATABASE)).unwrap()
}

/// Every table with how it was made.
fn tables(db: &Connection) -> Vec<(String, String)> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL";
    let mut tables = db.prepare(sql).unwrap();
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    tables.unwrap().map(Result::unwrap).collect()
}

fn multiply(db: &Connection, tables: &[(String, String)], file: &File, count: usize) {
    let setting = |name, value: &str| db.pragma_update(None, name, value).unwrap();
    setting("journal_mode", "OFF");
    setting("synchronous", "OFF");
    setting("cache_size", "-256000");
    db.execute_batch("BEGIN").unwrap();
    let samples: Vec<_> = tables
        .iter()
        .flat_map(|(table, _)| rows(db, table, file))
        .collect();
    for (insert, values) in &samples {
        let mut insert = db.prepare(insert).unwrap();
        // Every second one first, and the others between them: the pages are as full as by chance, but each is
        // written only twice.
        for number in (0..count - 1).step_by(2).chain((1..count - 1).step_by(2)) {
            let item = Uuid::from_u128(u128::MAX / count as u128 * (number as u128 + 1));
            let visit = Uuid::from_u128(!item.as_u128());
            let ids = [(file.assignment.item_id, item), (file.delivery_id, visit)];
            let row = values.iter().map(|value| under(value, &ids));
            insert.execute(params_from_iter(row)).unwrap();
        }
    }
    db.execute_batch("COMMIT").unwrap();
    setting("journal_mode", "WAL");
}

/// The file's rows in a table, each with the statement that writes another like it.
fn rows(db: &Connection, table: &str, file: &File) -> Vec<(String, Vec<Value>)> {
    let mut all = db.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns = all.column_count();
    let places = vec!["?"; columns].join(", ");
    let found = all.query_map([], |row| (0..columns).map(|n| row.get(n)).collect());
    let found: Vec<Vec<Value>> = found.unwrap().map(Result::unwrap).collect();
    let item = file.assignment.item_id;
    let is_its = |row: &Vec<Value>| {
        row.iter()
            .any(|value| under(value, &[(item, Uuid::nil())]) != *value)
    };
    let its = found.into_iter().filter(is_its);
    its.map(|row| (format!("INSERT INTO {table} VALUES ({places})"), row))
        .collect()
}

/// A value with other ids in it, be they written out or as bytes.
fn under(value: &Value, ids: &[(Uuid, Uuid)]) -> Value {
    match value {
        Value::Text(text) => {
            let replaced = |text: String, (old, new): &(Uuid, Uuid)| {
                text.replace(&old.to_string(), &new.to_string())
            };
            Value::Text(ids.iter().fold(text.clone(), replaced))
        }
        Value::Blob(bytes) => {
            let mut bytes = bytes.clone();
            for (old, new) in ids {
                replace(&mut bytes, old.as_bytes(), new.as_bytes());
                replace(
                    &mut bytes,
                    old.to_string().as_bytes(),
                    new.to_string().as_bytes(),
                );
            }
            Value::Blob(bytes)
        }
        other => other.clone(),
    }
}

fn replace(bytes: &mut [u8], old: &[u8], new: &[u8]) {
    let mut from = 0;
    while let Some(at) = bytes[from..]
        .windows(old.len())
        .position(|part| part == old)
    {
        bytes[from + at..from + at + old.len()].copy_from_slice(new);
        from += at + old.len();
    }
}
