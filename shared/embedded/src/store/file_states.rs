use std::sync::Arc;

use delivery::{FileKey, FileState};
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::change::{Change, StateRow};
use super::pending::HeldState;
use super::undo::Undo;

/// How many files are remembered to have no record: whoever looked for one writes it next.
const MOST_ABSENT: usize = 1000;

/// A record that was found.
pub(crate) enum Found {
    /// In memory.
    Held(Arc<HeldState>),
    /// In the tables, as text.
    Stored(String),
}

impl Found {
    pub(crate) fn read(
        self,
        parse: impl FnOnce(&str) -> Result<FileState, delivery::ports::PortError>,
    ) -> Result<FileState, delivery::ports::PortError> {
        match self {
            Self::Held(held) => match &held.state {
                Some(state) => Ok(state.clone()),
                None => parse(&held.row.body),
            },
            Self::Stored(body) => parse(&body),
        }
    }
}

impl Store {
    /// A file's record.
    pub(crate) fn state(&mut self, key: &FileKey) -> rusqlite::Result<Option<Found>> {
        if let Some(held) = self.pending.state(key) {
            return Ok(Some(Found::Held(Arc::clone(held))));
        }
        let found = self
            .db
            .prepare_cached("SELECT body FROM states WHERE team = ?1 AND item_id = ?2")?
            .query_row(params![key.team, key.item_id], |row| {
                row.get(0).map(Found::Stored)
            })
            .optional()?;
        if found.is_none() {
            if self.absent.len() >= MOST_ABSENT {
                self.absent.clear();
            }
            self.absent.insert(key.clone());
        }
        Ok(found)
    }

    /// Writes a record if the one before it is the current one. None: it was written. Some: the record that is there
    /// instead.
    pub(crate) fn put_state(
        &mut self,
        key: FileKey,
        row: StateRow<'static>,
        state: FileState,
    ) -> rusqlite::Result<Option<Option<Found>>> {
        if self.version(&key)? != row.version - 1 {
            return self.state(&key).map(Some);
        }
        let change = Change::State(row);
        self.log(&change)?;
        let Change::State(row) = change else {
            return Ok(None);
        };
        let held = Arc::new(HeldState {
            row,
            state: Some(state),
        });
        let before = self.pending.put_state(key.clone(), held);
        self.note(Undo::State(key, before));
        Ok(None)
    }

    /// The version of a record; 0 if there is none.
    fn version(&mut self, key: &FileKey) -> rusqlite::Result<i64> {
        if let Some(held) = self.pending.state(key) {
            return Ok(held.row.version);
        }
        if self.absent.remove(key) {
            return Ok(0);
        }
        self.db
            .prepare_cached("SELECT version FROM states WHERE team = ?1 AND item_id = ?2")?
            .query_row(params![key.team, key.item_id], |row| row.get(0))
            .optional()
            .map(|version| version.unwrap_or(0))
    }
}
