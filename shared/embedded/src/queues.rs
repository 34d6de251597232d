use std::time::{Duration, SystemTime};

use delivery::Timestamp;
use delivery::ports::{PortError, PortErrorKind, Queue, Received};
use rusqlite::{Connection, params};

use crate::engine::Engine;
use crate::in_flight::lock;
use crate::queue::{Depth, number};

/// A message to put on a queue.
pub(crate) struct Posted {
    pub(crate) group: String,
    pub(crate) body: String,
    pub(crate) visible_at: i64,
}

pub(crate) fn now() -> i64 {
    Timestamp::from(SystemTime::now()).as_millis()
}

pub(crate) fn due_after(duration: Duration) -> i64 {
    now().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl Engine {
    pub(crate) async fn post(&self, queue: Queue, messages: Vec<Posted>) -> Result<(), PortError> {
        self.writer()
            .run("send messages", move |db| {
                let mut insert = db.prepare_cached(
                    "INSERT INTO messages (queue, message_group, visible_at, sent_at, body)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )?;
                let sent_at = now();
                for message in &messages {
                    let Posted {
                        group,
                        body,
                        visible_at,
                    } = message;
                    insert.execute(params![number(queue), group, visible_at, sent_at, body])?;
                }
                Ok(())
            })
            .await?;
        self.wake(queue);
        Ok(())
    }

    pub(crate) async fn hand_back(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
        uncounted: u32,
    ) -> Result<usize, PortError> {
        let due = due_after(delay);
        let what = "give messages back";
        let given = self
            .settle(queue, messages, what, move |db, id, receipt| {
                db.prepare_cached(
                    "UPDATE messages SET visible_at = ?3, receipt = NULL,
                     receive_count = receive_count - ?4 WHERE id = ?1 AND receipt = ?2",
                )?
                .execute(params![id, receipt, due, uncounted])
            })
            .await?;
        self.wake(queue);
        Ok(given)
    }

    pub(crate) async fn settle(
        &self,
        queue: Queue,
        messages: &[Received],
        what: &'static str,
        act: impl Fn(&Connection, i64, i64) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<usize, PortError> {
        let receipts = messages
            .iter()
            .map(|message| (message.message_id, message.receipt));
        let receipts: Vec<_> = receipts.collect();
        let settled = self
            .writer()
            .run_unflushed(what, move |db| {
                receipts
                    .iter()
                    .try_fold(0, |sum, (id, receipt)| Ok(sum + act(db, *id, *receipt)?))
            })
            .await?;
        self.end_flight(queue, messages.iter().map(|message| &*message.group), 1);
        Ok(settled)
    }

    /// Counts the messages on a queue.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn depth(&self, queue: Queue) -> Result<Depth, PortError> {
        self.writer()
            .run_unflushed("count messages", move |db| {
                db.prepare_cached(
                    "SELECT coalesce(sum(receipt IS NULL AND visible_at <= ?2), 0),
                            coalesce(sum(receipt IS NULL AND visible_at > ?2), 0),
                            coalesce(sum(receipt IS NOT NULL), 0)
                     FROM messages WHERE queue = ?1",
                )?
                .query_row(params![number(queue), now()], |row| {
                    Ok(Depth {
                        visible: row.get(0)?,
                        delayed: row.get(1)?,
                        in_flight: row.get(2)?,
                    })
                })
            })
            .await
    }

    /// The id and body of parked dead letters, oldest first: at most `limit`, starting after `after`.
    pub(crate) async fn letters(
        &self,
        after: i64,
        limit: usize,
    ) -> Result<Vec<(i64, String)>, PortError> {
        self.writer()
            .run("list dead letters", move |db| {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                db.prepare_cached(
                    "SELECT id, body FROM messages WHERE queue = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
                )?
                .query_map(params![number(Queue::Parked), after, limit], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?
                .collect()
            })
            .await
    }

    /// Removes a parked dead letter that was redriven; it is an error if there is none with this id.
    pub(crate) async fn unpark(&self, id: i64) -> Result<(), PortError> {
        let removed = self
            .writer()
            .run("remove a dead letter", move |db| {
                db.execute(
                    "DELETE FROM messages WHERE id = ?1 AND queue = ?2",
                    params![id, number(Queue::Parked)],
                )
            })
            .await?;
        if removed == 1 {
            return Ok(());
        }
        Err(PortError::new(
            PortErrorKind::Unavailable,
            "remove a dead letter: it is gone",
        ))
    }

    pub(crate) fn wake(&self, queue: Queue) {
        self.inner.sent[queue as usize].notify_waiters();
    }

    /// Counts `count` messages of each group as no longer in flight, and wakes whoever waits for the group's
    /// room.
    pub(crate) fn end_flight<'a>(
        &self,
        queue: Queue,
        groups: impl IntoIterator<Item = &'a str>,
        count: usize,
    ) {
        let mut in_flight = lock(&self.inner.in_flight);
        for group in groups {
            in_flight.take(queue, group, count);
        }
        if in_flight.take_passed_over(queue) {
            self.wake(queue);
        }
    }
}
