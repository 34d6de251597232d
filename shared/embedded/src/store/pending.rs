use std::collections::HashMap;
use std::sync::Arc;

use delivery::ports::Queue;
use delivery::{FileKey, FileState};

use super::change::StateRow;
use super::index::Place;

/// Changes after which a generation is full. A file that succeeds makes about ten, and is usually through within a
/// generation: then its messages never reach the tables, and its record does once.
const FULL: usize = if cfg!(test) { 40 } else { 32_768 };

/// Bytes of records and messages after which a generation is full: two of them are in memory.
const FULL_BYTES: usize = 4 * 1024 * 1024;

/// A record that is not in the tables yet.
#[derive(Debug)]
pub(crate) struct HeldState {
    pub(crate) row: StateRow<'static>,
    /// What the row's body says. None of a record from the journal of another process.
    pub(crate) state: Option<FileState>,
}

/// A message that the tables do not have yet, or not so.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) queue: Queue,
    pub(crate) group: Arc<str>,
    pub(crate) visible_at: i64,
    pub(crate) sent_at: i64,
    pub(crate) receive_count: u32,
    pub(crate) receipt: Option<i64>,
    /// None if the tables have the message, so that only its place changes.
    pub(crate) body: Option<Arc<str>>,
}

impl Message {
    pub(crate) fn place(&self) -> Place {
        Place {
            queue: self.queue,
            group: Arc::clone(&self.group),
            visible_at: self.visible_at,
            in_flight: self.receipt.is_some(),
        }
    }
}

/// A message in flight. Only this process can have any, so they are kept in memory.
#[derive(Clone, Debug)]
pub(crate) struct Flight {
    pub(crate) receipt: i64,
    pub(crate) message: Message,
}

/// A message's last change.
#[derive(Clone, Debug)]
pub(crate) enum HeldMessage {
    /// It is so. `born` if it was sent in this generation.
    Is { message: Message, born: bool },
    /// It is gone.
    Gone,
}

/// The changes of a while, each record's and each message's last one.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    pub(crate) states: HashMap<FileKey, Arc<HeldState>>,
    pub(crate) messages: HashMap<i64, HeldMessage>,
    changes: usize,
    bytes: usize,
}

/// What to fold into the tables next.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    State(FileKey),
    Message(i64),
}

impl Generation {
    /// All keys in the tables' order, so that neighbours share a page.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let mut states: Vec<&FileKey> = self.states.keys().collect();
        states.sort_unstable();
        let mut messages: Vec<i64> = self.messages.keys().copied().collect();
        messages.sort_unstable();
        let states = states.into_iter().cloned().map(Key::State);
        states
            .chain(messages.into_iter().map(Key::Message))
            .collect()
    }

    fn is_full(&self) -> bool {
        self.changes >= FULL || self.bytes >= FULL_BYTES
    }
}

/// A generation that takes no more changes, and is on its way into the tables.
#[derive(Debug)]
pub(crate) struct Folding {
    pub(crate) generation: Generation,
    pub(crate) keys: Vec<Key>,
    /// How many of the keys are in the tables.
    pub(crate) done: usize,
    /// The last row of the journal that it stands for.
    pub(crate) until: i64,
}

/// All changes that the tables do not have yet. The journal on disk has them all.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) active: Generation,
    pub(crate) folding: Option<Folding>,
}

impl Pending {
    pub(crate) fn is_empty(&self) -> bool {
        let active = &self.active;
        self.folding.is_none() && active.states.is_empty() && active.messages.is_empty()
    }

    pub(crate) fn state(&self, key: &FileKey) -> Option<&Arc<HeldState>> {
        let older = || self.folding.as_ref()?.generation.states.get(key);
        self.active.states.get(key).or_else(older)
    }

    pub(crate) fn message(&self, id: i64) -> Option<&HeldMessage> {
        let older = || self.folding.as_ref()?.generation.messages.get(&id);
        self.active.messages.get(&id).or_else(older)
    }

    /// Sets a record, and returns what the generation had.
    pub(crate) fn put_state(
        &mut self,
        key: FileKey,
        held: Arc<HeldState>,
    ) -> Option<Arc<HeldState>> {
        self.active.changes += 1;
        self.active.bytes += held.row.body.len();
        self.active.states.insert(key, held)
    }

    /// Sets a message, or takes the generation's word back; returns what the generation had.
    pub(crate) fn put_message(
        &mut self,
        id: i64,
        held: Option<HeldMessage>,
    ) -> Option<HeldMessage> {
        self.active.changes += 1;
        match held {
            Some(held) => {
                if let HeldMessage::Is { message, .. } = &held {
                    self.active.bytes += message.body.as_ref().map_or(0, |body| body.len());
                }
                self.active.messages.insert(id, held)
            }
            None => self.active.messages.remove(&id),
        }
    }

    /// Starts the next generation when this one is full and the one before is in the tables.
    pub(crate) fn turn_over(&mut self, until: i64) {
        if self.active.is_full() && self.folding.is_none() {
            let generation = std::mem::take(&mut self.active);
            self.folding = Some(Folding {
                keys: generation.keys(),
                generation,
                done: 0,
                until,
            });
        }
    }
}
