//! SQLite's write-ahead log, read from outside: the format is documented at <https://sqlite.org/fileformat2.html>.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

const DATABASE: &str = "webhook-stage.db";
const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// What was written to the log since it was begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub(crate) commits: usize,
    pub(crate) bytes: usize,
}

/// A reader of the state that there is now.
pub(crate) fn held(directory: &Path) -> Connection {
    let reader = Connection::open(directory.join(DATABASE)).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let tables = "SELECT count(*) FROM sqlite_schema";
    let _: i64 = reader.query_row(tables, [], |row| row.get(0)).unwrap();
    reader
}

pub(crate) fn written(directory: &Path) -> Written {
    let log = fs::read(directory.join(format!("{DATABASE}-wal"))).unwrap();
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().unwrap());
    let page = usize::try_from(number(8)).unwrap();
    let salts = [number(16), number(20)];
    let mut written = Written {
        commits: 0,
        bytes: 0,
    };
    let mut at = HEADER;
    // A frame with other salts is left from before the log was begun anew.
    while at + FRAME_HEADER + page <= log.len() && [number(at + 8), number(at + 12)] == salts {
        written.bytes += FRAME_HEADER + page;
        // The last frame of a commit says how large the database is then.
        written.commits += usize::from(number(at + 4) > 0);
        at += FRAME_HEADER + page;
    }
    written
}
