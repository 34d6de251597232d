use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use delivery::ports::{Queue, Received};

/// The messages in flight, by queue and group. Only this process can have any, so they are kept in memory.
#[derive(Default)]
pub(crate) struct InFlight {
    held: HashMap<(Queue, String), usize>,
    /// Queues in which a group with due messages had no room, to be read again once it has.
    passed_over: HashSet<Queue>,
}

impl InFlight {
    pub(crate) fn of(&self, queue: Queue, group: &str) -> usize {
        let held = self.held.get(&(queue, group.to_owned()));
        held.copied().unwrap_or(0)
    }

    pub(crate) fn add(&mut self, queue: Queue, group: &str, count: usize) {
        *self.held.entry((queue, group.to_owned())).or_default() += count;
    }

    pub(crate) fn take(&mut self, queue: Queue, group: &str, count: usize) {
        if let Some(held) = self.held.get_mut(&(queue, group.to_owned())) {
            *held = held.saturating_sub(count);
        }
    }

    /// Of the groups with due messages and room for more, the one with the fewest in flight, with its room.
    pub(crate) fn choose(
        &mut self,
        queue: Queue,
        due: Vec<String>,
        room: impl Fn(&str, usize) -> usize,
    ) -> Option<(String, usize)> {
        let mut with_room = Vec::with_capacity(due.len());
        for group in due {
            let held = self.of(queue, &group);
            match room(&group, held) {
                0 => {
                    self.passed_over.insert(queue);
                }
                more => with_room.push((held, group, more)),
            }
        }
        let (_, group, more) = with_room.into_iter().min()?;
        Some((group, more))
    }

    /// Whether a group was skipped since this was last called.
    pub(crate) fn take_passed_over(&mut self, queue: Queue) -> bool {
        self.passed_over.remove(&queue)
    }
}

pub(crate) fn lock(in_flight: &Mutex<InFlight>) -> MutexGuard<'_, InFlight> {
    in_flight.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts messages as in flight even before their commit, so that two pollers do not both see the same room.
/// If it is dropped without [`keep`](Self::keep), because there was no commit, they are no longer counted.
pub(crate) struct InFlightReservation {
    in_flight: Arc<Mutex<InFlight>>,
    queue: Queue,
    group: String,
    count: usize,
}

impl InFlightReservation {
    pub(crate) fn new(
        in_flight: Arc<Mutex<InFlight>>,
        queue: Queue,
        group: String,
        messages: &[Received],
    ) -> Self {
        let count = messages.len();
        lock(&in_flight).add(queue, &group, count);
        Self {
            in_flight,
            queue,
            group,
            count,
        }
    }

    pub(crate) fn keep(mut self) -> String {
        self.count = 0;
        std::mem::take(&mut self.group)
    }
}

impl Drop for InFlightReservation {
    fn drop(&mut self) {
        lock(&self.in_flight).take(self.queue, &self.group, self.count);
    }
}
