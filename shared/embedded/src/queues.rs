use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use delivery::Timestamp;
use delivery::ports::{PortError, PortErrorKind};
use rusqlite::{Connection, params};
use tokio::sync::futures::Notified;

use crate::engine::Engine;
use crate::queue::{Depth, InFlight, MAX_RECEIVES, Queue, Received};

/// A message to put on a queue.
pub(crate) struct Posted {
    pub(crate) group: String,
    pub(crate) body: String,
    pub(crate) visible_at: i64,
}

pub(crate) fn now() -> i64 {
    Timestamp::from(SystemTime::now()).as_millis()
}

fn due_after(duration: Duration) -> i64 {
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
                    insert.execute(params![queue.number(), group, visible_at, sent_at, body])?;
                }
                Ok(())
            })
            .await?;
        self.inner.sent.notify_waiters();
        Ok(())
    }

    /// Takes up to `most` (1 to 10) due messages of one group, and hides them for `visibility`.
    ///
    /// The group with the fewest messages in hand comes first; one that has `group_cap` or more is
    /// passed over, so that a receiver that never answers cannot take every place. A message that
    /// was received [`MAX_RECEIVES`] times already is moved to the queue's dead letters instead.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn receive(
        &self,
        queue: Queue,
        most: usize,
        visibility: Duration,
        group_cap: usize,
    ) -> Result<Vec<Received>, PortError> {
        let most = most.clamp(1, 10);
        let groups = self
            .writer()
            .run("list groups", move |db| due_groups(db, queue))
            .await?;
        let chosen = {
            let in_flight = self.lock_in_flight();
            groups
                .into_iter()
                .map(|group| (in_flight.of(queue, &group), group))
                .filter(|(held, _)| *held < group_cap)
                .min()
        };
        let Some((held, group)) = chosen else {
            return Ok(Vec::new());
        };
        let most = most.min(group_cap - held);
        // Counted before they are in hand: two pollers at once must not both see room.
        self.lock_in_flight().add(queue, &group, most);
        let taken = {
            let group = group.clone();
            let hidden_until = due_after(visibility);
            self.writer()
                .run("receive messages", move |db| {
                    take(db, queue, &group, most, hidden_until)
                })
                .await
        };
        let got = taken.as_ref().map_or(0, Vec::len);
        self.lock_in_flight().take(queue, &group, most - got);
        let mut received = Vec::with_capacity(got);
        let mut dead = Vec::new();
        for message in taken? {
            if message.receive_count > MAX_RECEIVES && queue.dead_letters().is_some() {
                dead.push(message.message_id);
            } else {
                received.push(message);
            }
        }
        self.bury(queue, &group, dead).await?;
        Ok(received)
    }

    async fn bury(&self, queue: Queue, group: &str, ids: Vec<i64>) -> Result<(), PortError> {
        let (Some(dead_letters), false) = (queue.dead_letters(), ids.is_empty()) else {
            return Ok(());
        };
        let count = ids.len();
        self.writer()
            .run("move dead letters", move |db| {
                let mut update = db.prepare_cached(
                    "UPDATE messages SET queue = ?2, visible_at = ?3, receive_count = 0,
                     receipt = NULL WHERE id = ?1",
                )?;
                for id in &ids {
                    update.execute(params![id, dead_letters.number(), now()])?;
                }
                Ok(())
            })
            .await?;
        self.lock_in_flight().take(queue, group, count);
        self.inner.sent.notify_waiters();
        Ok(())
    }

    /// Deletes messages in hand. One that was received again since is not touched.
    ///
    /// # Errors
    /// [`PortError`] when the database fails; the messages then come back.
    pub async fn delete(&self, queue: Queue, messages: Vec<Received>) -> Result<usize, PortError> {
        self.settle(queue, messages, "delete messages", |db, message| {
            db.prepare_cached("DELETE FROM messages WHERE id = ?1 AND receipt = ?2")?
                .execute(params![message.message_id, message.receipt])
        })
        .await
    }

    /// Gives messages in hand back: each is due again after its delay.
    ///
    /// # Errors
    /// [`PortError`] when the database fails; the messages then come back after their visibility.
    pub async fn give_back(
        &self,
        queue: Queue,
        messages: Vec<Received>,
        delay: Duration,
    ) -> Result<usize, PortError> {
        let due = due_after(delay);
        let given = self
            .settle(queue, messages, "give messages back", move |db, message| {
                db.prepare_cached(
                    "UPDATE messages SET visible_at = ?3, receipt = NULL
                     WHERE id = ?1 AND receipt = ?2",
                )?
                .execute(params![message.message_id, message.receipt, due])
            })
            .await?;
        self.inner.sent.notify_waiters();
        Ok(given)
    }

    async fn settle(
        &self,
        queue: Queue,
        messages: Vec<Received>,
        what: &'static str,
        act: impl Fn(&Connection, &Received) -> rusqlite::Result<usize> + Send + 'static,
    ) -> Result<usize, PortError> {
        let groups: Vec<String> = messages
            .iter()
            .map(|message| message.group.clone())
            .collect();
        let settled = self
            .writer()
            .run(what, move |db| {
                messages
                    .iter()
                    .try_fold(0, |sum, message| Ok(sum + act(db, message)?))
            })
            .await;
        let mut in_flight = self.lock_in_flight();
        for group in groups {
            in_flight.take(queue, &group, 1);
        }
        settled
    }

    /// How much is on a queue.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn depth(&self, queue: Queue) -> Result<Depth, PortError> {
        self.writer()
            .run("count messages", move |db| {
                db.prepare_cached(
                    "SELECT coalesce(sum(receipt IS NULL AND visible_at <= ?2), 0),
                            coalesce(sum(receipt IS NULL AND visible_at > ?2), 0),
                            coalesce(sum(receipt IS NOT NULL), 0)
                     FROM messages WHERE queue = ?1",
                )?
                .query_row(params![queue.number(), now()], |row| {
                    Ok(Depth {
                        visible: row.get(0)?,
                        delayed: row.get(1)?,
                        in_flight: row.get(2)?,
                    })
                })
            })
            .await
    }

    /// When the next message of a queue is due, if there is any.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn next_due(&self, queue: Queue) -> Result<Option<Timestamp>, PortError> {
        let earliest = self
            .writer()
            .run("look for the next message", move |db| {
                let sql = format!(
                    "{GROUPS} SELECT min((SELECT min(visible_at) FROM messages
                     WHERE queue = ?1 AND message_group = g)) FROM groups WHERE g IS NOT NULL"
                );
                db.prepare_cached(&sql)?
                    .query_row(params![queue.number()], |row| row.get::<_, Option<i64>>(0))
            })
            .await?;
        Ok(earliest.map(Timestamp::from_millis))
    }

    /// Whether any message is on the working queues: due, delayed or in hand, dead letters included,
    /// parked ones not. By invariant 3, without any all files are at rest.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn is_idle(&self) -> Result<bool, PortError> {
        self.writer()
            .run("look for messages", |db| {
                db.prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM messages WHERE queue < 4)")?
                    .query_row([], |row| row.get(0))
            })
            .await
    }

    /// Completes when something was sent or given back after this call.
    pub fn sent(&self) -> Notified<'_> {
        self.inner.sent.notified()
    }

    /// Oldest parked dead letters first, at most `most`: id and body.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn parked(&self, most: usize) -> Result<Vec<(i64, String)>, PortError> {
        self.writer()
            .run("list dead letters", move |db| {
                db.prepare_cached(
                    "SELECT id, body FROM messages WHERE queue = ?1 ORDER BY id LIMIT ?2",
                )?
                .query_map(
                    params![
                        Queue::Parked.number(),
                        i64::try_from(most).unwrap_or(i64::MAX)
                    ],
                    |row| Ok((row.get(0)?, row.get(1)?)),
                )?
                .collect()
            })
            .await
    }

    /// Removes a parked dead letter, once it is redriven.
    ///
    /// # Errors
    /// [`PortError`] when there is none with this id, or the database fails.
    pub async fn unpark(&self, id: i64) -> Result<(), PortError> {
        let removed = self
            .writer()
            .run("remove a dead letter", move |db| {
                db.execute(
                    "DELETE FROM messages WHERE id = ?1 AND queue = ?2",
                    params![id, Queue::Parked.number()],
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

    fn lock_in_flight(&self) -> std::sync::MutexGuard<'_, InFlight> {
        self.inner
            .in_flight
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The groups of a queue, by one index step each: a backlog of any length costs the same.
const GROUPS: &str = "WITH RECURSIVE groups(g) AS (
    SELECT min(message_group) FROM messages WHERE queue = ?1
    UNION ALL
    SELECT (SELECT min(message_group) FROM messages WHERE queue = ?1 AND message_group > g)
    FROM groups WHERE g IS NOT NULL)";

fn due_groups(db: &Connection, queue: Queue) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "{GROUPS} SELECT g FROM groups WHERE g IS NOT NULL AND EXISTS (SELECT 1 FROM messages
         WHERE queue = ?1 AND message_group = g AND visible_at <= ?2)"
    );
    db.prepare_cached(&sql)?
        .query_map(params![queue.number(), now()], |row| row.get(0))?
        .collect()
}

fn take(
    db: &Connection,
    queue: Queue,
    group: &str,
    most: usize,
    hidden_until: i64,
) -> rusqlite::Result<Vec<Received>> {
    let receipt: i64 = db
        .prepare_cached("SELECT random()")?
        .query_row([], |row| row.get(0))?;
    let mut update = db.prepare_cached(
        "UPDATE messages SET visible_at = ?4, receive_count = receive_count + 1, receipt = ?5
         WHERE id IN (SELECT id FROM messages WHERE queue = ?1 AND message_group = ?2
                      AND visible_at <= ?3 ORDER BY visible_at LIMIT ?6)
         RETURNING id, body, receive_count, sent_at",
    )?;
    let most = i64::try_from(most).unwrap_or(1);
    update
        .query_map(
            params![queue.number(), group, now(), hidden_until, receipt, most],
            |row| {
                Ok(Received {
                    message_id: row.get(0)?,
                    receipt,
                    body: row.get(1)?,
                    receive_count: row.get(2)?,
                    group: group.to_owned(),
                    sent_at: Timestamp::from_millis(row.get(3)?),
                })
            },
        )?
        .collect()
}
