use std::future::Future;
use std::time::Duration;

use super::PortError;
use crate::control::StageKey;
use crate::time::Timestamp;

/// The number of receives after which a message is moved to its queue's dead letters.
pub const MAX_RECEIVES: u32 = 5;

/// The queues of an engine that has no event source mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// Assignments, for the dispatcher.
    Assignments,
    /// Deliveries, for the sender.
    Deliveries,
    /// Assignments received too often.
    AssignmentsDeadLetters,
    /// Deliveries received too often.
    DeliveriesDeadLetters,
    /// Dead letters parked for inspection and redrive.
    Parked,
    /// Bulk assignments.
    Bulk,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 6] = [
        Self::Assignments,
        Self::Deliveries,
        Self::AssignmentsDeadLetters,
        Self::DeliveriesDeadLetters,
        Self::Parked,
        Self::Bulk,
    ];

    /// Its name, as in an ARN.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Assignments => "assignments",
            Self::Deliveries => "deliveries",
            Self::AssignmentsDeadLetters => "assignments-dlq",
            Self::DeliveriesDeadLetters => "deliveries-dlq",
            Self::Parked => "parked",
            Self::Bulk => "bulk",
        }
    }

    /// The queue for its messages that were received too often.
    #[must_use]
    pub const fn dead_letters(self) -> Option<Self> {
        match self {
            Self::Assignments => Some(Self::AssignmentsDeadLetters),
            Self::Deliveries => Some(Self::DeliveriesDeadLetters),
            _ => None,
        }
    }
}

/// A message in flight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The message's id.
    pub message_id: i64,
    /// The receipt, which allows deleting the message until it is received again.
    pub receipt: i64,
    /// Its body.
    pub body: String,
    /// How often it was received, including this time.
    pub receive_count: u32,
    /// Its message group.
    pub group: String,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// A message group with due messages, for which a poller may have room.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a str,
    /// How many of its messages are in flight.
    pub in_flight: usize,
    /// For a group of assignments, how many deliveries of the same group are due and not in flight, counted up to a
    /// thousand. Zero on the other queues.
    pub ahead: usize,
    /// How many groups the queue has, this one included.
    pub groups: usize,
}

/// The receiving side of an engine's queues, for pollers on one machine: on AWS the event source mapping does this.
///
/// `room` returns how many more messages a group may have in flight.
pub trait Receive: Send + Sync {
    /// Receives up to `most` (1 to 10) due messages of one group, and hides them for `visibility`.
    ///
    /// Of the groups that have room, the one with the fewest messages in flight comes first, so that a receiver
    /// that never answers cannot take every slot. A message that was already received [`MAX_RECEIVES`] times is
    /// moved to the queue's dead letters instead.
    fn receive(
        &self,
        queue: Queue,
        most: usize,
        visibility: Duration,
        room: impl Fn(Group<'_>) -> usize + Send + 'static,
    ) -> impl Future<Output = Result<Vec<Received>, PortError>> + Send;

    /// Deletes messages in flight, and returns how many. A message that was received again in the meantime is
    /// kept. After an error the messages stay in flight, for another try.
    fn delete(
        &self,
        queue: Queue,
        messages: &[Received],
    ) -> impl Future<Output = Result<usize, PortError>> + Send;

    /// Releases messages in flight, and returns how many: each is due again after its delay. After an error the
    /// messages stay in flight, for another try.
    fn release(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;

    /// The same for messages whose time has not come; this receive does not count.
    fn release_uncounted(
        &self,
        queue: Queue,
        messages: &[Received],
        delay: Duration,
    ) -> impl Future<Output = Result<usize, PortError>> + Send;

    /// When the next message of a queue is due, among groups that have room; none if there is no message.
    fn next_due(
        &self,
        queue: Queue,
        room: impl Fn(Group<'_>) -> usize + Send + 'static,
    ) -> impl Future<Output = Result<Option<Timestamp>, PortError>> + Send;

    /// Completes when, after this call, a message was sent or released to the queue, or a group that had been
    /// skipped because it had no room may have some. What happens before the first poll counts as well.
    fn sent(&self, queue: Queue) -> impl Future<Output = ()> + Send;

    /// Whether no message is on any queue but [`Parked`](Queue::Parked), be it due, delayed or in flight. By
    /// invariant 3 all files are then at rest.
    ///
    /// Deliveries of the stages in `paused` do not count, as long as none of their group is in flight: their files
    /// wait for a person.
    fn is_idle(&self, paused: &[StageKey]) -> impl Future<Output = Result<bool, PortError>> + Send;

    /// The error that has made every write fail for longer than this, if there is one: whoever tries again
    /// would not notice that the failure does not pass.
    fn fault(&self, longer_than: Duration) -> Option<PortError>;
}
