use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use delivery::Timestamp;
use delivery::control::StageKey;
use delivery::ports::{MAX_RECEIVES, PortError, Queue, Receive, Received};
use rusqlite::{Connection, params};

use crate::engine::Engine;
use crate::in_flight::{InFlightReservation, lock};
use crate::queue::{GROUPS, number};
use crate::queues::{due_after, now};
use crate::stages::only_of;

impl Receive for Engine {
    async fn receive(
        &self,
        queue: Queue,
        most: usize,
        visibility: Duration,
        room: impl Fn(&str, usize) -> usize + Send + 'static,
    ) -> Result<Vec<Received>, PortError> {
        let most = most.clamp(1, 10);
        let hidden_until = due_after(visibility);
        let in_flight = Arc::clone(&self.inner.in_flight);
        // Not flushed, because opening the directory after a loss of power releases what was in flight anyway.
        // One job and not two: a poller waits for one commit per job, and so receives twice as many messages.
        let taken = self
            .writer()
            .run_unflushed("receive messages", move |db| {
                let groups = due_groups(db, queue)?;
                let Some((group, room)) = lock(&in_flight).choose(queue, groups, room) else {
                    return Ok(None);
                };
                let messages = take(db, queue, &group, most.min(room), hidden_until)?;
                Ok(Some((
                    InFlightReservation::new(in_flight, queue, group, &messages),
                    messages,
                )))
            })
            .await?;
        let Some((reservation, messages)) = taken else {
            return Ok(Vec::new());
        };
        let group = reservation.keep();
        let is_dead = |message: &Received| {
            message.receive_count > MAX_RECEIVES && queue.dead_letters().is_some()
        };
        let (dead, mut received): (Vec<_>, Vec<_>) = messages.into_iter().partition(is_dead);
        if let Err(error) = self.move_dead(queue, &group, &dead).await {
            // If they were not handed out, they would stay hidden together with all received with them. So they
            // are handed out once more.
            tracing::error!(%error, "dead letters could not be moved, so they are handed out once more");
            received.extend(dead);
        }
        Ok(received)
    }

    /// A loss of power right afterwards may bring deleted messages back: delivery is at least once.
    async fn delete(&self, queue: Queue, messages: &[Received]) -> Result<usize, PortError> {
        self.settle(queue, messages, "delete messages", |db, id, receipt| {
            db.prepare_cached("DELETE FROM messages WHERE id = ?1 AND receipt = ?2")?
                .execute(params![id, receipt])
        })
        .await
    }

    async fn release(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> Result<usize, PortError> {
        self.hand_back(queue, messages, delay, 0).await
    }

    async fn release_uncounted(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> Result<usize, PortError> {
        self.hand_back(queue, messages, delay, 1).await
    }

    async fn next_due(
        &self,
        queue: Queue,
        room: impl Fn(&str, usize) -> usize + Send,
    ) -> Result<Option<Timestamp>, PortError> {
        let groups: Vec<(String, i64)> = self
            .writer()
            .run_unflushed("look for the next message", move |db| {
                let sql = format!(
                    "{GROUPS} SELECT g, (SELECT min(visible_at) FROM messages
                     WHERE queue = ?1 AND message_group = g) FROM groups WHERE g IS NOT NULL"
                );
                db.prepare_cached(&sql)?
                    .query_map(params![number(queue)], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .await?;
        let in_flight = lock(&self.inner.in_flight);
        Ok(groups
            .into_iter()
            .filter(|(group, _)| room(group, in_flight.of(queue, group)) > 0)
            .map(|(_, due)| Timestamp::from_millis(due))
            .min())
    }

    fn sent(&self, queue: Queue) -> impl Future<Output = ()> + Send {
        self.inner.sent[queue as usize].notified()
    }

    async fn is_idle(&self, paused: &[StageKey]) -> Result<bool, PortError> {
        let paused = paused.to_vec();
        let in_flight = Arc::clone(&self.inner.in_flight);
        self.writer()
            .run_unflushed("look for messages", move |db| {
                if paused.is_empty() {
                    return is_empty(db, "queue < 4");
                }
                if !is_empty(db, "queue IN (0, 2, 3)")? {
                    return Ok(false);
                }
                let in_flight = lock(&in_flight);
                let is_held = |group: &str| in_flight.of(Queue::Deliveries, group) > 0;
                only_of(db, &paused, is_held)
            })
            .await
    }

    fn fault(&self, longer_than: Duration) -> Option<PortError> {
        self.writer().health().fault(longer_than)
    }
}

impl Engine {
    async fn move_dead(
        &self,
        queue: Queue,
        group: &str,
        dead: &[Received],
    ) -> Result<(), PortError> {
        let ids: Vec<i64> = dead.iter().map(|message| message.message_id).collect();
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
                    update.execute(params![id, number(dead_letters), now()])?;
                }
                Ok(())
            })
            .await?;
        self.end_flight(queue, [group], count);
        self.wake(dead_letters);
        Ok(())
    }
}

fn is_empty(db: &Connection, queues: &str) -> rusqlite::Result<bool> {
    db.prepare_cached(&format!(
        "SELECT NOT EXISTS (SELECT 1 FROM messages WHERE {queues})"
    ))?
    .query_row([], |row| row.get(0))
}

fn due_groups(db: &Connection, queue: Queue) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "{GROUPS} SELECT g FROM groups WHERE g IS NOT NULL AND EXISTS (SELECT 1 FROM messages
         WHERE queue = ?1 AND message_group = g AND visible_at <= ?2)"
    );
    db.prepare_cached(&sql)?
        .query_map(params![number(queue), now()], |row| row.get(0))?
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
            params![number(queue), group, now(), hidden_until, receipt, most],
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
