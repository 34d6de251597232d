//! What jobs on the database work on: the tables, and the changes that are not in them yet.
//!
//! A delivery changes its file's record and its messages about ten times. Done in the tables, each change would write pages
//! of 4 KiB all over the database. Instead a commit appends its changes to the table `journal`, in one row, and they are
//! kept in memory. Many commits later they are folded into the tables, each record and message only in its last form:
//! by then most messages are gone again. After a crash the journal is read back and folded.
//!
//! Documents, history, workflows and control records are written to their tables at once, in the same commit.

mod change;
mod file_states;
mod fold;
mod index;
pub(crate) mod journal;
mod messages;
mod pending;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use delivery::FileKey;
use rusqlite::Connection;

use crate::check::Ended;
use crate::schema;
pub(crate) use change::StateRow;
use index::Index;
pub(crate) use messages::Posted;
use pending::{Flight, Pending};
use undo::Undo;

/// The least number of records and messages that a commit folds, if there are any to fold. A slice takes about a
/// millisecond, so that no commit waits long for it.
const SLICE: usize = if cfg!(test) { 3 } else { 64 };

/// How long changes that need no flush may wait for the commit of one that does.
pub(crate) const DEFER: Duration = Duration::from_millis(5);

pub(crate) struct Store {
    db: Connection,
    pending: Pending,
    index: Index,
    flights: HashMap<i64, Flight>,
    /// Files without a record.
    absent: HashSet<FileKey>,
    next_message: i64,
    next_receipt: i64,
    /// Changes that are not in the journal on disk.
    unwritten: Vec<u8>,
    /// Since when there are any.
    unwritten_since: Option<Instant>,
    last_row: i64,
    /// Of the open transaction.
    transaction: Option<OpenTransaction>,
    /// Whether changes that need no flush may wait. See [`Store::defers`].
    may_defer: bool,
    has_written: bool,
    /// A check that reads the database, if one does.
    check: Option<Ended>,
}

struct OpenTransaction {
    undo: Vec<Undo>,
    /// How much of `unwritten` came before.
    mark: usize,
    /// The count of changed rows when it began.
    before: u64,
}

impl Store {
    /// Takes over an open database, in which nothing is left to fold. `after_a_crash`: the process before did not close it.
    ///
    /// While a check reads the whole database, its log cannot be begun anew, and every attempt to would read all of the
    /// log. So there is none until the check has ended.
    pub(crate) fn new(
        db: Connection,
        after_a_crash: bool,
        check: Option<Ended>,
    ) -> rusqlite::Result<Self> {
        if check.is_some() {
            db.pragma_update(None, "wal_autocheckpoint", 0)?;
        }
        let mut store = Self {
            pending: Pending::default(),
            index: Index::default(),
            flights: HashMap::new(),
            absent: HashSet::new(),
            next_message: 1,
            next_receipt: 1,
            unwritten: Vec::new(),
            unwritten_since: None,
            last_row: 0,
            transaction: None,
            may_defer: !after_a_crash,
            has_written: false,
            check,
            db,
        };
        store.read_index()?;
        Ok(store)
    }

    /// The database, for the tables that are written at once.
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }

    /// Begins a transaction.
    pub(crate) fn begin(&mut self) -> rusqlite::Result<()> {
        if self.check.as_ref().is_some_and(Ended::is_so) {
            schema::checkpoint(&self.db)?;
            self.check = None;
        }
        self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        self.transaction = Some(OpenTransaction {
            undo: Vec::new(),
            mark: self.unwritten.len(),
            before: self.db.total_changes(),
        });
        Ok(())
    }

    pub(crate) fn is_in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// Commits, and returns whether anything was written; after an error everything since [`begin`](Self::begin) is
    /// undone.
    pub(crate) fn commit(&mut self) -> rusqlite::Result<bool> {
        match self.try_commit() {
            Ok((row, folded)) => {
                let before = self.transaction.take().map_or(0, |open| open.before);
                self.written(row);
                self.folded(folded);
                Ok(self.db.total_changes() > before)
            }
            Err(error) => {
                self.roll_back();
                Err(error)
            }
        }
    }

    fn try_commit(&mut self) -> rusqlite::Result<(i64, usize)> {
        let row = self.append()?;
        let changes = self.transaction.as_ref().map_or(0, |open| open.undo.len());
        let mut folded = 0;
        if let Some(folding) = &self.pending.folding {
            let most = SLICE.max(2 * changes);
            folded = fold::fold_slice(&self.db, folding, &self.pending.active, most)?;
            if folding.done + folded == folding.keys.len() {
                journal::remove(&self.db, folding.until)?;
            }
        }
        self.db.prepare_cached("COMMIT")?.execute([])?;
        Ok((row, folded))
    }

    /// How long changes that need no flush may still wait; none if there are none.
    pub(crate) fn may_wait(&self) -> Option<Duration> {
        let since = self.unwritten_since?;
        Some(if self.defers() {
            DEFER.saturating_sub(since.elapsed())
        } else {
            Duration::ZERO
        })
    }

    /// A message that makes the process crash must be known to have been received. So the first receipt is written
    /// at once, which shows the next process that this one crashed; and after a crash all are.
    fn defers(&self) -> bool {
        self.may_defer && self.has_written
    }

    /// Writes the changes that need no flush.
    pub(crate) fn write_unflushed(&mut self) -> rusqlite::Result<()> {
        let row = self.append()?;
        self.written(row);
        Ok(())
    }

    /// Puts all changes into the tables.
    pub(crate) fn fold_all(&mut self) -> rusqlite::Result<()> {
        if !self.pending.is_empty() || self.last_row > 0 {
            let transaction = self.db.unchecked_transaction()?;
            fold::fold_all(&transaction, &self.pending)?;
            journal::remove(&transaction, i64::MAX)?;
            transaction.commit()?;
            self.pending = Pending::default();
            self.last_row = 0;
            self.written(0);
        }
        Ok(())
    }

    fn append(&self) -> rusqlite::Result<i64> {
        if self.unwritten.is_empty() {
            return Ok(self.last_row);
        }
        let row = self.last_row + 1;
        journal::append(&self.db, row, &self.unwritten)?;
        Ok(row)
    }

    fn written(&mut self, row: i64) {
        self.unwritten.clear();
        self.unwritten_since = None;
        self.last_row = row;
        self.has_written |= row > 0;
        self.pending.turn_over(row);
    }

    fn folded(&mut self, count: usize) {
        if let Some(folding) = &mut self.pending.folding {
            folding.done += count;
            if folding.done == folding.keys.len() {
                self.pending.folding = None;
            }
        }
    }
}
