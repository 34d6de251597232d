use delivery::Timestamp;

/// The number of receives after which a message is moved to its queue's dead letters.
pub const MAX_RECEIVES: u32 = 5;

/// The number of times that a process may crash with a message in flight before the message is considered the
/// cause, and is moved there too. It is far more than the kills and power cuts that a healthy message may meet.
pub const MAX_CRASHES: u32 = 50;

/// The queues.
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
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 5] = [
        Self::Assignments,
        Self::Deliveries,
        Self::AssignmentsDeadLetters,
        Self::DeliveriesDeadLetters,
        Self::Parked,
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
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Assignments => 0,
            Self::Deliveries => 1,
            Self::AssignmentsDeadLetters => 2,
            Self::DeliveriesDeadLetters => 3,
            Self::Parked => 4,
        }
    }

    pub(crate) const fn dead_letters(self) -> Option<Self> {
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
    /// The receipt that allows to delete it, until it is received again.
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
