use std::sync::Arc;
use std::time::Instant;

use delivery::FileKey;

use super::Store;
use super::change::{self, Change};
use super::index::Place;
use super::pending::{Flight, HeldMessage, HeldState};

/// How to undo a change in memory, if its commit fails.
pub(crate) enum Undo {
    State(FileKey, Option<Arc<HeldState>>),
    Message {
        id: i64,
        held: Option<HeldMessage>,
        from: Option<Place>,
        to: Option<Place>,
        flight: Option<Flight>,
    },
}

impl Store {
    /// Undoes everything since the transaction was begun, in memory and on disk.
    pub(crate) fn roll_back(&mut self) {
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the database could not roll back");
        }
        let Some(open) = self.transaction.take() else {
            return;
        };
        for undo in open.undo.into_iter().rev() {
            match undo {
                Undo::State(key, held) => match held {
                    Some(held) => drop(self.pending.active.states.insert(key, held)),
                    None => drop(self.pending.active.states.remove(&key)),
                },
                Undo::Message {
                    id,
                    held,
                    from,
                    to,
                    flight,
                } => {
                    self.pending.put_message(id, held);
                    self.place(id, to.as_ref(), from.as_ref(), flight);
                }
            }
        }
        self.unwritten.truncate(open.mark);
        if self.unwritten.is_empty() {
            self.unwritten_since = None;
        }
    }

    /// Notes how to undo a change that is being made, if its commit can fail.
    pub(crate) fn note(&mut self, undo: Undo) {
        if let Some(open) = &mut self.transaction {
            open.undo.push(undo);
        }
    }

    /// Notes a change for the journal.
    pub(crate) fn log(&mut self, change: &Change<'_>) -> rusqlite::Result<()> {
        change::write(change, &mut self.unwritten)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        self.unwritten_since.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Moves a message in the index, and sets or ends its flight.
    pub(crate) fn place(
        &mut self,
        id: i64,
        from: Option<&Place>,
        to: Option<&Place>,
        flight: Option<Flight>,
    ) {
        if let Some(from) = from {
            self.index.remove(id, from);
        }
        if let Some(to) = to {
            self.index.add(id, to);
        }
        match flight {
            Some(flight) => drop(self.flights.insert(id, flight)),
            None => drop(self.flights.remove(&id)),
        }
    }
}
