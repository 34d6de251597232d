use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use delivery::ports::{Group, Queue};

/// Up to how many deliveries that are due are counted.
const MOST_AHEAD: usize = 1000;

/// Where a message is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) queue: Queue,
    pub(crate) group: Arc<str>,
    pub(crate) visible_at: i64,
    pub(crate) in_flight: bool,
}

/// All messages by queue, group and time: about 30 bytes each. The tables would need as many steps to find a group with a
/// due message as there are groups.
#[derive(Debug, Default)]
pub(crate) struct Index {
    queues: [Groups; Queue::ALL.len()],
}

#[derive(Debug, Default)]
struct Groups {
    groups: HashMap<Arc<str>, Messages>,
    /// The groups, those with the fewest messages in flight first.
    by_held: BTreeSet<(usize, Arc<str>)>,
    /// Whether a group with due messages had no room, and the queue must be read again once it has.
    passed_over: bool,
}

#[derive(Debug, Default)]
struct Messages {
    /// When each is due, and its id.
    messages: BTreeSet<(i64, i64)>,
    /// How many of them are in flight.
    held: usize,
}

impl Index {
    pub(crate) fn add(&mut self, id: i64, place: &Place) {
        let of = &mut self.queues[place.queue as usize];
        let is_new = !of.groups.contains_key(&place.group);
        let group = of.groups.entry(Arc::clone(&place.group)).or_default();
        group.messages.insert((place.visible_at, id));
        if is_new || place.in_flight {
            of.by_held.remove(&(group.held, Arc::clone(&place.group)));
            group.held += usize::from(place.in_flight);
            of.by_held.insert((group.held, Arc::clone(&place.group)));
        }
    }

    pub(crate) fn remove(&mut self, id: i64, place: &Place) {
        let of = &mut self.queues[place.queue as usize];
        let Some(group) = of.groups.get_mut(&place.group) else {
            return;
        };
        group.messages.remove(&(place.visible_at, id));
        if group.messages.is_empty() || place.in_flight {
            of.by_held.remove(&(group.held, Arc::clone(&place.group)));
            group.held -= usize::from(place.in_flight);
            if group.messages.is_empty() {
                of.groups.remove(&place.group);
            } else {
                of.by_held.insert((group.held, Arc::clone(&place.group)));
            }
        }
    }

    /// Of the groups with due messages and room for more, the one with the fewest in flight, with its room.
    pub(crate) fn choose(
        &mut self,
        queue: Queue,
        now: i64,
        room: impl Fn(Group<'_>) -> usize,
    ) -> Option<(Arc<str>, usize)> {
        let of = &self.queues[queue as usize];
        let mut passed_over = false;
        let chosen = of.by_held.iter().find_map(|(held, name)| {
            let due = of.groups.get(name).and_then(Messages::next_due);
            if due.is_none_or(|due| due > now) {
                return None;
            }
            match room(self.group(queue, name, *held, now)) {
                0 => {
                    passed_over = true;
                    None
                }
                more => Some((Arc::clone(name), more)),
            }
        });
        self.queues[queue as usize].passed_over |= passed_over;
        chosen
    }

    fn group<'a>(&self, queue: Queue, name: &'a str, in_flight: usize, now: i64) -> Group<'a> {
        let ahead = match queue {
            Queue::Assignments => self.due(Queue::Deliveries, name, now),
            _ => None,
        };
        Group {
            name,
            in_flight,
            ahead: ahead.map_or(0, |due| due.take(MOST_AHEAD).count()),
            groups: self.queues[queue as usize].groups.len(),
        }
    }

    /// The messages of a group that are due: their times and ids. None if there is no such group.
    pub(crate) fn due(
        &self,
        queue: Queue,
        group: &str,
        now: i64,
    ) -> Option<impl Iterator<Item = (i64, i64)>> {
        let group = self.queues[queue as usize].groups.get(group)?;
        let messages = group.messages.iter().copied();
        Some(messages.take_while(move |(visible_at, _)| *visible_at <= now))
    }

    /// When the next message is due, among groups that have room.
    pub(crate) fn next_due(
        &self,
        queue: Queue,
        now: i64,
        room: impl Fn(Group<'_>) -> usize,
    ) -> Option<i64> {
        let of = &self.queues[queue as usize];
        let groups = of.by_held.iter();
        groups
            .filter(|(held, name)| room(self.group(queue, name, *held, now)) > 0)
            .filter_map(|(_, name)| of.groups.get(name).and_then(Messages::next_due))
            .min()
    }

    /// Whether a group was skipped since this was last called.
    pub(crate) fn take_passed_over(&mut self, queue: Queue) -> bool {
        std::mem::take(&mut self.queues[queue as usize].passed_over)
    }

    pub(crate) fn held(&self, queue: Queue, group: &str) -> usize {
        let group = self.queues[queue as usize].groups.get(group);
        group.map_or(0, |group| group.held)
    }

    pub(crate) fn is_empty(&self, queue: Queue) -> bool {
        self.queues[queue as usize].groups.is_empty()
    }

    /// How many messages are on a queue, and how many of them are in flight.
    pub(crate) fn size(&self, queue: Queue) -> (usize, usize) {
        let groups = self.queues[queue as usize].groups.values();
        groups.fold((0, 0), |(all, held), group| {
            (all + group.messages.len(), held + group.held)
        })
    }

    /// The group's name, in the memory that it already has here.
    pub(crate) fn name(&self, queue: Queue, group: &str) -> Arc<str> {
        let known = self.queues[queue as usize].groups.get_key_value(group);
        known.map_or_else(|| Arc::from(group), |(name, _)| Arc::clone(name))
    }
}

impl Messages {
    fn next_due(&self) -> Option<i64> {
        self.messages.first().map(|(visible_at, _)| *visible_at)
    }
}
