use delivery::ports::Queue;

/// The number of times that a process may crash with a message in flight before the message is considered the
/// cause, and becomes a dead letter. It is far more than the kills and power cuts that a healthy message may meet.
pub const MAX_CRASHES: u32 = 50;

/// The number that stands for a queue in the database.
pub(crate) const fn number(queue: Queue) -> i64 {
    match queue {
        Queue::Assignments => 0,
        Queue::Deliveries => 1,
        Queue::AssignmentsDeadLetters => 2,
        Queue::DeliveriesDeadLetters => 3,
        Queue::Parked => 4,
        Queue::Bulk => 5,
    }
}

/// The queue for which a number stands; none for a number of a later version.
pub(crate) fn queue_of(number: i64) -> Option<Queue> {
    Queue::ALL
        .into_iter()
        .find(|queue| self::number(*queue) == number)
}

/// How many messages are on a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Due.
    pub visible: u64,
    /// Not due yet.
    pub delayed: u64,
    /// In flight.
    pub in_flight: u64,
}

impl Depth {
    /// All of them.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.visible + self.delayed + self.in_flight
    }
}

/// How much there is to do, as far as it can be told without reading every record or message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Files that are not at rest.
    pub under_way: u64,
    /// Files at rest whose last webhook failed.
    pub failed: u64,
    /// For each queue, how many messages are on it, and how many of them are in flight.
    pub queues: Vec<(Queue, usize, usize)>,
}

/// The groups of a queue. Each takes one step in an index, so the length of a backlog does not matter.
pub(crate) const GROUPS: &str = "WITH RECURSIVE groups(g) AS (
    SELECT min(message_group) FROM messages WHERE queue = ?1
    UNION ALL
    SELECT (SELECT min(message_group) FROM messages WHERE queue = ?1 AND message_group > g)
    FROM groups WHERE g IS NOT NULL)";
