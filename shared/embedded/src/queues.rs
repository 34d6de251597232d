use std::time::{Duration, SystemTime};

use delivery::Timestamp;
use delivery::ports::{PortError, PortErrorKind, Queue};
use rusqlite::params;

use crate::engine::Engine;
use crate::queue::{Depth, Gauges, number};
use crate::store::Posted;

pub(crate) fn now() -> i64 {
    Timestamp::from(SystemTime::now()).as_millis()
}

pub(crate) fn due_after(duration: Duration) -> i64 {
    now().saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX))
}

impl Engine {
    pub(crate) async fn post(&self, queue: Queue, messages: Vec<Posted>) -> Result<(), PortError> {
        self.writer()
            .run("send messages", move |store| {
                store.post(queue, now(), messages)
            })
            .await?;
        self.wake(queue);
        Ok(())
    }

    /// Counts the messages on a queue.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn depth(&self, queue: Queue) -> Result<Depth, PortError> {
        self.writer()
            .run_folded("count messages", move |store| {
                store
                    .db()
                    .prepare_cached(
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

    /// How much there is to do.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn gauges(&self) -> Result<Gauges, PortError> {
        self.writer()
            .run_folded("count what is to do", |store| {
                let sizes = Queue::ALL.into_iter().map(|queue| {
                    let (all, in_flight) = store.size(queue);
                    (queue, all, in_flight)
                });
                let queues = sizes.collect();
                let count = |of: &str| {
                    let sql = format!("SELECT count(*) FROM states WHERE {of}");
                    store.db().query_row(&sql, [], |row| row.get(0))
                };
                Ok(Gauges {
                    under_way: count("at_rest = 0")?,
                    failed: count("failed_stage IS NOT NULL")?,
                    queues,
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
            .run_folded("list dead letters", move |store| {
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                store.db().prepare_cached(
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
            .run("remove a dead letter", move |store| store.unpark(id))
            .await?;
        if removed {
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
}
