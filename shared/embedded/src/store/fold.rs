//! Writes changes into the tables, where a change that is made twice does no harm.

use rusqlite::{Connection, params};

use super::change::StateRow;
use super::pending::{Folding, Generation, HeldMessage, Key, Message, Pending};
use crate::queue::number;

/// Folds the next keys of the generation that takes no more changes, and returns how many. What the active generation
/// has in a later form is left to it.
pub(crate) fn fold_slice(
    db: &Connection,
    folding: &Folding,
    active: &Generation,
    most: usize,
) -> rusqlite::Result<usize> {
    let rest = &folding.keys[folding.done..];
    let slice = &rest[..most.min(rest.len())];
    for key in slice {
        let is_outdated = match key {
            Key::State(key) => active.states.contains_key(key),
            // If it only moved, the journal says no more of it than that: the message has to be in the tables.
            Key::Message(id) => matches!(active.messages.get(id), Some(HeldMessage::Gone)),
        };
        if !is_outdated {
            fold(db, &folding.generation, key)?;
        }
    }
    Ok(slice.len())
}

/// Folds all changes.
pub(crate) fn fold_all(db: &Connection, pending: &Pending) -> rusqlite::Result<()> {
    if let Some(folding) = &pending.folding {
        fold_slice(db, folding, &pending.active, usize::MAX)?;
    }
    for key in pending.active.keys() {
        fold(db, &pending.active, &key)?;
    }
    Ok(())
}

fn fold(db: &Connection, generation: &Generation, key: &Key) -> rusqlite::Result<()> {
    match key {
        Key::State(key) => match generation.states.get(key) {
            Some(held) => put_state(db, &held.row),
            None => Ok(()),
        },
        Key::Message(id) => match generation.messages.get(id) {
            Some(HeldMessage::Is { message, .. }) => put_message(db, *id, message),
            Some(HeldMessage::Gone) => delete_message(db, *id),
            None => Ok(()),
        },
    }
}

fn put_state(db: &Connection, row: &StateRow<'_>) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO states
             (team, item_id, version, status, stage_id, at_rest, failed_stage, updated_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET version = ?3, status = ?4, stage_id = ?5, at_rest = ?6,
             failed_stage = ?7, updated_at = ?8, body = ?9",
    )?
    .execute(params![
        row.team,
        row.item_id,
        row.version,
        row.status,
        row.stage_id,
        row.at_rest,
        row.failed_stage,
        row.updated_at,
        row.body
    ])
    .map(|_| ())
}

fn put_message(db: &Connection, id: i64, message: &Message) -> rusqlite::Result<()> {
    let Message {
        visible_at,
        sent_at,
        receive_count,
        receipt,
        ..
    } = message;
    let (queue, group) = (number(message.queue), &*message.group);
    let changed = match &message.body {
        Some(body) => db
            .prepare_cached(
                "INSERT OR REPLACE INTO messages
                 (id, queue, message_group, visible_at, sent_at, receive_count, receipt, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                id,
                queue,
                group,
                visible_at,
                sent_at,
                receive_count,
                receipt,
                &**body
            ]),
        None => db
            .prepare_cached(
                "UPDATE messages SET queue = ?2, visible_at = ?3, receive_count = ?4, receipt = ?5
                 WHERE id = ?1",
            )?
            .execute(params![id, queue, visible_at, receive_count, receipt]),
    };
    changed.map(|_| ())
}

fn delete_message(db: &Connection, id: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM messages WHERE id = ?1")?
        .execute([id])
        .map(|_| ())
}
