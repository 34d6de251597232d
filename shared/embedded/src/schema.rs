use rusqlite::Connection;

/// The schema version that this version writes. 4 has the tables of 3, and records of format 2 in
/// them; 5 has a journal, which must be read before the tables are, and its files' tables have row ids; 6 has what
/// lists show of items.
pub(crate) const VERSION: i64 = 6;

/// Files' records and their history. Not `WITHOUT ROWID`: the inner pages of such a table have whole rows, so that with
/// records of a kilobyte they branch only four ways.
///
/// The first two partial indexes list files at rest: those that wait in a stage, and those whose last webhook failed. The
/// third lists the others, so that opening a directory does not read all files.
const FILES: &str = "
CREATE TABLE states (
    team TEXT NOT NULL, item_id BLOB NOT NULL, version INTEGER NOT NULL, status TEXT NOT NULL,
    stage_id BLOB NOT NULL, at_rest INTEGER NOT NULL, failed_stage BLOB, updated_at INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (team, item_id));
CREATE INDEX at_rest ON states (stage_id, updated_at, team, item_id) WHERE at_rest = 1;
CREATE INDEX failed ON states (failed_stage, updated_at, team, item_id) WHERE failed_stage IS NOT NULL;
CREATE INDEX unfinished ON states (team, item_id) WHERE at_rest = 0;
CREATE TABLE visits (
    team TEXT NOT NULL, item_id BLOB NOT NULL, visit_id BLOB NOT NULL, sequence INTEGER NOT NULL,
    version INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (team, item_id, visit_id));
CREATE TABLE attempts (
    team TEXT NOT NULL, item_id BLOB NOT NULL, delivery_id BLOB NOT NULL, attempt INTEGER NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL, version INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (team, item_id, delivery_id, attempt));
CREATE TABLE rejections (
    team TEXT NOT NULL, item_id BLOB NOT NULL, assignment_id BLOB NOT NULL, actor TEXT NOT NULL,
    at INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (team, item_id, assignment_id, actor));
";

/// The tables of [`FILES`], for an upgrade.
const OF_FILES: [&str; 4] = ["states", "visits", "attempts", "rejections"];

/// The rest of the schema of version 2.
const CREATE: &str = "
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, queue INTEGER NOT NULL, message_group TEXT NOT NULL,
    visible_at INTEGER NOT NULL, sent_at INTEGER NOT NULL, receive_count INTEGER NOT NULL DEFAULT 0,
    receipt INTEGER, body TEXT NOT NULL, crashes INTEGER NOT NULL DEFAULT 0);
CREATE INDEX due ON messages (queue, message_group, visible_at);
CREATE TABLE documents (
    team TEXT NOT NULL, item_id BLOB NOT NULL, length INTEGER NOT NULL, body BLOB,
    PRIMARY KEY (team, item_id));
CREATE TABLE items (
    team TEXT NOT NULL, item_id BLOB NOT NULL, content BLOB NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (team, item_id)) WITHOUT ROWID;
CREATE TABLE workflows (
    team TEXT NOT NULL, workflow_id BLOB NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (team, workflow_id)) WITHOUT ROWID;
";

/// The stages' control records. They are new with version 3.
const CONTROLS: &str = "
CREATE TABLE controls (
    team TEXT NOT NULL, workflow_id BLOB NOT NULL, stage_id BLOB NOT NULL, version INTEGER NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (team, workflow_id, stage_id)) WITHOUT ROWID;
";

/// New with version 5: the changes that are not in the tables yet, one row a commit; and an index of what is in flight.
const JOURNAL: &str = "
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, changes BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS in_flight ON messages (id) WHERE receipt IS NOT NULL;
";

/// New with version 6: what lists show of items.
const ITEMS: &str = "
ALTER TABLE items ADD COLUMN dataset_id INTEGER;
ALTER TABLE items ADD COLUMN body TEXT;
";

/// What to add to a database of the first version.
const FROM_1: &str = "
ALTER TABLE messages ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
";

/// Settings of the connection. `FULL` flushes the log at every commit: without it a loss of power could undo what was
/// upgraded or recovered.
pub(crate) fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    checkpoint(connection)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Leaves the flush of each commit to the caller. SQLite still flushes what it must have on disk before it begins the log
/// anew.
pub(crate) fn leave_flushing(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")
}

/// Has a commit put the log into the database once it has 16 MB.
pub(crate) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "wal_autocheckpoint", 4000)
}

/// Creates the schema in an empty database, and upgrades an older one to this version.
pub(crate) fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found >= VERSION {
        return Ok(found);
    }
    let transaction = connection.transaction()?;
    match found {
        0 => transaction.execute_batch(&[CREATE, FILES].concat())?,
        1 => transaction.execute_batch(FROM_1)?,
        _ => {}
    }
    if (1..5).contains(&found) {
        rebuild_files(&transaction)?;
    }
    if found < 3 {
        transaction.execute_batch(CONTROLS)?;
    }
    if found < 6 {
        transaction.execute_batch(ITEMS)?;
    }
    transaction.execute_batch(JOURNAL)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    Ok(VERSION)
}

/// Moves the rows of files' tables into tables as they are now.
fn rebuild_files(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "DROP INDEX IF EXISTS at_rest; DROP INDEX IF EXISTS failed; DROP INDEX IF EXISTS unfinished;",
    )?;
    for table in OF_FILES {
        db.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
    }
    db.execute_batch(FILES)?;
    for table in OF_FILES {
        db.execute_batch(&format!(
            "INSERT INTO {table} SELECT * FROM old_{table}; DROP TABLE old_{table};"
        ))?;
    }
    Ok(())
}

/// Reads every page. Otherwise a damaged one might show only in the middle of a run, or never except by the loss
/// of the files on it. It takes a second or two per gigabyte.
pub(crate) fn verify(connection: &Connection) -> rusqlite::Result<()> {
    let found: String = connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
    if found == "ok" {
        return Ok(());
    }
    let damage = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    // The first line only names the database.
    let first = found.lines().find(|line| !line.starts_with("***"));
    let first = first.unwrap_or_default().to_owned();
    Err(rusqlite::Error::SqliteFailure(damage, Some(first)))
}
