use std::sync::Arc;

use delivery::Timestamp;
use delivery::ports::{Group, MAX_RECEIVES, Queue, Received};
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::change::{Change, MovedRow, SentRow};
use super::index::Place;
use super::pending::{Flight, HeldMessage, Message};
use super::undo::Undo;
use crate::queue::{number, queue_of};

/// A message to put on a queue.
pub(crate) struct Posted {
    pub(crate) group: String,
    pub(crate) body: String,
    pub(crate) visible_at: i64,
}

/// Messages that were taken from a queue.
#[derive(Default)]
pub(crate) struct Taken {
    pub(crate) received: Vec<Received>,
    /// Whether others became dead letters.
    pub(crate) has_dead: bool,
    /// Whether assignments that had no room may have some now.
    pub(crate) makes_room: bool,
}

impl Store {
    /// Reads where all messages are.
    pub(crate) fn read_index(&mut self) -> rusqlite::Result<()> {
        let sql = "SELECT id, queue, message_group, visible_at FROM messages";
        let mut statement = self.db.prepare(sql)?;
        let mut rows = statement.query([])?;
        let mut last = 0;
        while let Some(row) = rows.next()? {
            let (id, number): (i64, i64) = (row.get(0)?, row.get(1)?);
            last = last.max(id);
            let Some(queue) = queue_of(number) else {
                continue;
            };
            let group = self.index.name(queue, row.get_ref(2)?.as_str()?);
            let place = Place {
                queue,
                group,
                visible_at: row.get(3)?,
                in_flight: false,
            };
            self.index.add(id, &place);
        }
        self.next_message = last + 1;
        Ok(())
    }

    /// Puts messages on a queue.
    pub(crate) fn post(
        &mut self,
        queue: Queue,
        sent_at: i64,
        messages: Vec<Posted>,
    ) -> rusqlite::Result<()> {
        for posted in messages {
            let id = self.next_message;
            self.next_message += 1;
            let message = SentRow {
                queue: number(queue),
                group: (&*posted.group).into(),
                visible_at: posted.visible_at,
                sent_at,
                body: (&*posted.body).into(),
            };
            self.log(&Change::Sent { id, message })?;
            let message = Message {
                queue,
                group: self.index.name(queue, &posted.group),
                visible_at: posted.visible_at,
                sent_at,
                receive_count: 0,
                receipt: None,
                body: Some(posted.body.into()),
            };
            let to = message.place();
            let held = HeldMessage::Is {
                message,
                born: true,
            };
            self.set(id, Some(held), None, Some(to), None);
        }
        Ok(())
    }

    /// Takes up to `most` due messages of one group. Those that were received too often become dead letters instead.
    pub(crate) fn take(
        &mut self,
        queue: Queue,
        most: usize,
        (now, hidden_until): (i64, i64),
        room: impl Fn(Group<'_>) -> usize,
    ) -> rusqlite::Result<Taken> {
        let mut taken = Taken::default();
        let Some((group, room)) = self.index.choose(queue, now, room) else {
            return Ok(taken);
        };
        let due = self.index.due(queue, &group, now);
        let due: Vec<_> = due.into_iter().flatten().take(most.min(room)).collect();
        // All are read before the first is changed.
        let mut messages = Vec::with_capacity(due.len());
        for (visible_at, id) in due {
            messages.push((id, self.message(id, queue, &group, visible_at)?));
        }
        let receipt = self.next_receipt;
        self.next_receipt += 1;
        for (id, (before, body)) in messages {
            let from = self
                .flights
                .get(&id)
                .map_or_else(|| before.place(), |flight| flight.message.place());
            let mut message = before;
            message.receive_count += 1;
            if message.receive_count > MAX_RECEIVES
                && let Some(dead_letters) = queue.dead_letters()
            {
                taken.has_dead = true;
                message.queue = dead_letters;
                message.visible_at = now;
                message.receive_count = 0;
                message.receipt = None;
                self.move_to(id, message, from, None)?;
                continue;
            }
            message.visible_at = hidden_until;
            message.receipt = Some(receipt);
            taken.received.push(Received {
                message_id: id,
                receipt,
                body: (*body).to_owned(),
                receive_count: message.receive_count,
                group: (*group).to_owned(),
                sent_at: Timestamp::from_millis(message.sent_at),
            });
            let flight = Flight {
                receipt,
                message: Message {
                    body: None,
                    ..message.clone()
                },
            };
            self.move_to(id, message, from, Some(flight))?;
        }
        taken.makes_room =
            queue == Queue::Deliveries && self.index.take_passed_over(Queue::Assignments);
        Ok(taken)
    }

    /// Deletes messages in flight; returns how many, and whether a group that had no room may have some now.
    pub(crate) fn delete(
        &mut self,
        queue: Queue,
        receipts: &[(i64, i64)],
    ) -> rusqlite::Result<(usize, bool)> {
        let mut count = 0;
        for (id, receipt) in receipts {
            if let Some(flight) = self.flight(*id, *receipt) {
                self.remove(*id, Some(flight.message.place()))?;
                count += 1;
            }
        }
        Ok((count, self.index.take_passed_over(queue)))
    }

    /// Releases messages in flight, which are due again at `visible_at`; returns the same.
    pub(crate) fn release(
        &mut self,
        queue: Queue,
        receipts: &[(i64, i64)],
        visible_at: i64,
        uncounted: u32,
    ) -> rusqlite::Result<(usize, bool)> {
        let mut count = 0;
        for (id, receipt) in receipts {
            if let Some(flight) = self.flight(*id, *receipt) {
                let from = flight.message.place();
                let mut message = flight.message;
                message.visible_at = visible_at;
                message.receipt = None;
                message.receive_count = message.receive_count.saturating_sub(uncounted);
                self.move_to(*id, message, from, None)?;
                count += 1;
            }
        }
        Ok((count, self.index.take_passed_over(queue)))
    }

    /// Removes a message that is not in flight; returns whether it was there.
    pub(crate) fn unpark(&mut self, id: i64) -> rusqlite::Result<bool> {
        let place = self
            .db
            .prepare_cached(
                "SELECT message_group, visible_at FROM messages WHERE id = ?1 AND queue = ?2",
            )?
            .query_row(params![id, number(Queue::Parked)], |row| {
                Ok(Place {
                    queue: Queue::Parked,
                    group: self.index.name(Queue::Parked, row.get_ref(0)?.as_str()?),
                    visible_at: row.get(1)?,
                    in_flight: false,
                })
            })
            .optional()?;
        let is_there = place.is_some() && self.pending.message(id).is_none();
        if is_there {
            self.remove(id, place)?;
        }
        Ok(is_there)
    }

    /// When the next message of a queue is due, among groups that have room.
    pub(crate) fn next_due(
        &self,
        queue: Queue,
        now: i64,
        room: impl Fn(Group<'_>) -> usize,
    ) -> Option<i64> {
        self.index.next_due(queue, now, room)
    }

    /// Whether a queue has no messages.
    pub(crate) fn is_empty(&self, queue: Queue) -> bool {
        self.index.is_empty(queue)
    }

    /// How many messages are on a queue, and how many of them are in flight.
    pub(crate) fn size(&self, queue: Queue) -> (usize, usize) {
        self.index.size(queue)
    }

    /// How many messages of a group are in flight.
    pub(crate) fn held(&self, queue: Queue, group: &str) -> usize {
        self.index.held(queue, group)
    }

    fn flight(&self, id: i64, receipt: i64) -> Option<Flight> {
        let flight = self.flights.get(&id);
        flight.filter(|flight| flight.receipt == receipt).cloned()
    }

    /// A message and its body.
    fn message(
        &self,
        id: i64,
        queue: Queue,
        group: &Arc<str>,
        visible_at: i64,
    ) -> rusqlite::Result<(Message, Arc<str>)> {
        let held = match self.pending.message(id) {
            Some(HeldMessage::Is { message, .. }) => Some(message.clone()),
            _ => None,
        };
        if let Some(message) = &held
            && let Some(body) = message.body.clone()
        {
            return Ok((message.clone(), body));
        }
        let mut select = self
            .db
            .prepare_cached("SELECT sent_at, receive_count, body FROM messages WHERE id = ?1")?;
        select.query_row([id], |row| {
            let message = Message {
                queue,
                group: Arc::clone(group),
                visible_at,
                sent_at: row.get(0)?,
                receive_count: row.get(1)?,
                receipt: None,
                body: None,
            };
            let body = row.get_ref(2)?.as_str()?;
            Ok((held.unwrap_or(message), body.into()))
        })
    }

    /// Changes where a message is.
    fn move_to(
        &mut self,
        id: i64,
        mut message: Message,
        from: Place,
        flight: Option<Flight>,
    ) -> rusqlite::Result<()> {
        let place = MovedRow {
            queue: number(message.queue),
            visible_at: message.visible_at,
            receive_count: message.receive_count,
            receipt: message.receipt,
        };
        self.log(&Change::Moved { id, place })?;
        let mut is_born = false;
        if let Some(HeldMessage::Is { message: held, .. }) = self.pending.message(id) {
            message.body = held.body.clone();
        }
        if let Some(HeldMessage::Is { born, .. }) = self.pending.active.messages.get(&id) {
            is_born = *born;
        }
        let to = message.place();
        let held = HeldMessage::Is {
            message,
            born: is_born,
        };
        self.set(id, Some(held), Some(from), Some(to), flight);
        Ok(())
    }

    fn remove(&mut self, id: i64, from: Option<Place>) -> rusqlite::Result<()> {
        self.log(&Change::Deleted(id))?;
        let active = self.pending.active.messages.get(&id);
        let is_born = matches!(active, Some(HeldMessage::Is { born: true, .. }));
        let held = (!is_born).then_some(HeldMessage::Gone);
        self.set(id, held, from, None, None);
        Ok(())
    }

    /// Sets a message in memory.
    pub(crate) fn set(
        &mut self,
        id: i64,
        held: Option<HeldMessage>,
        from: Option<Place>,
        to: Option<Place>,
        flight: Option<Flight>,
    ) {
        let held = self.pending.put_message(id, held);
        let before = self.flights.get(&id).cloned();
        self.place(id, from.as_ref(), to.as_ref(), flight);
        if self.is_in_transaction() {
            self.note(Undo::Message {
                id,
                held,
                from,
                to,
                flight: before,
            });
        }
    }
}
