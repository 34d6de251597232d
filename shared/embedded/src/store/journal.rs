//! The table `journal`: the changes that are not in the tables yet, one row a commit.

use std::borrow::Cow;
use std::sync::Arc;

use delivery::FileKey;
use rusqlite::types::Type;
use rusqlite::{Connection, params};

use super::change::{self, Change, MovedRow, SentRow, StateRow};
use super::fold::fold_all;
use super::pending::{Generation, HeldMessage, HeldState, Message, Pending};
use crate::queue::queue_of;

pub(super) fn append(db: &Connection, row: i64, changes: &[u8]) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO journal (id, changes) VALUES (?1, ?2)")?
        .execute(params![row, changes])
        .map(|_| ())
}

/// Removes the rows up to this one.
pub(super) fn remove(db: &Connection, until: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM journal WHERE id <= ?1")?
        .execute([until])
        .map(|_| ())
}

/// Folds what a process left in the journal that did not close the database, and returns whether there was anything.
pub(crate) fn recover(db: &mut Connection) -> rusqlite::Result<bool> {
    let transaction = db.transaction()?;
    let mut pending = Pending::default();
    let mut is_empty = true;
    {
        let mut statement = transaction.prepare("SELECT changes FROM journal ORDER BY id")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            is_empty = false;
            for change in change::read(row.get_ref(0)?.as_blob()?) {
                let change = change.map_err(|error| {
                    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(error))
                })?;
                apply(&mut pending.active, change);
            }
        }
    }
    fold_all(&transaction, &pending)?;
    remove(&transaction, i64::MAX)?;
    transaction.commit()?;
    Ok(!is_empty)
}

fn apply(generation: &mut Generation, change: Change<'_>) {
    match change {
        Change::State(row) => {
            let row = StateRow {
                team: Cow::Owned(row.team.into_owned()),
                status: Cow::Owned(row.status.into_owned()),
                body: Cow::Owned(row.body.into_owned()),
                ..row
            };
            let key = FileKey {
                team: row.team.clone().into_owned(),
                item_id: row.item_id,
            };
            let held = HeldState { row, state: None };
            generation.states.insert(key, Arc::new(held));
        }
        Change::Sent { id, message } => sent(generation, id, &message),
        Change::Moved { id, place } => moved(generation, id, place),
        // It may have been folded already, so that its row has to go.
        Change::Deleted(id) => drop(generation.messages.insert(id, HeldMessage::Gone)),
    }
}

fn sent(generation: &mut Generation, id: i64, row: &SentRow<'_>) {
    let Some(queue) = queue_of(row.queue) else {
        return;
    };
    let message = Message {
        queue,
        group: (&*row.group).into(),
        visible_at: row.visible_at,
        sent_at: row.sent_at,
        receive_count: 0,
        receipt: None,
        body: Some((&*row.body).into()),
    };
    let held = HeldMessage::Is {
        message,
        born: false,
    };
    generation.messages.insert(id, held);
}

fn moved(generation: &mut Generation, id: i64, row: MovedRow) {
    let Some(queue) = queue_of(row.queue) else {
        return;
    };
    let before = match generation.messages.remove(&id) {
        Some(HeldMessage::Is { message, .. }) => Some(message),
        _ => None,
    };
    let message = Message {
        queue,
        visible_at: row.visible_at,
        receive_count: row.receive_count,
        receipt: row.receipt,
        // Without a body only what is above goes into the message's row.
        group: before
            .as_ref()
            .map_or_else(|| "".into(), |m| Arc::clone(&m.group)),
        sent_at: before.as_ref().map_or(0, |m| m.sent_at),
        body: before.and_then(|m| m.body),
    };
    let held = HeldMessage::Is {
        message,
        born: false,
    };
    generation.messages.insert(id, held);
}
