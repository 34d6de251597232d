use super::bounds::{Budget, CRASH, DUPLICATE, NONE, STANDSTILL};
use super::scenario::{Scene, THREE_COMMANDS, TWO_STAGES};

/// Deliberate breaks. Each one must be caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// Messages are acknowledged before they are handled.
    AcknowledgesFirst,
    /// Messages that could not be handled are acknowledged too.
    AcknowledgesFailures,
    /// Claims have no lease.
    NoLease,
    /// Leases are over as soon as they are written.
    ShortLease,
    /// A call is started although its lease is over.
    CallsAfterLease,
    /// Writes are not conditional.
    UnconditionalWrites,
    /// A message of an older attempt claims the attempt that is due.
    AttemptNotCompared,
    /// One retry more than the stage allows.
    OneRetryMore,
    /// The exit is one write, the next visit another.
    ExitApart,
    /// Messages are sent before the write that they follow from.
    EmitsFirst,
    /// What may have got lost is not sent again.
    NeverEmitsAgain,
    /// What is sent to the deliveries queue is lost.
    LosesDeliveries,
    /// Two claims of the same moment write the same bytes.
    SameClaimId,
    /// Dead letters are dropped.
    DropsDeadLetters,
    /// The dead-letter handler takes no notice of a lease.
    DeadLettersIgnoreLease,
    /// The history forgets visits.
    ForgetsVisits,
    /// The history is written after the record that relies on it.
    HistoryLast,
    /// The next stage is assigned before the end of this one is announced.
    AssignsBeforeAnnouncing,
    /// The role in an assignment is taken for an admin's.
    EverybodyIsAdmin,
}

impl Break {
    pub(crate) const ALL: [Self; 19] = [
        Self::AcknowledgesFirst,
        Self::AcknowledgesFailures,
        Self::NoLease,
        Self::ShortLease,
        Self::CallsAfterLease,
        Self::UnconditionalWrites,
        Self::AttemptNotCompared,
        Self::OneRetryMore,
        Self::ExitApart,
        Self::EmitsFirst,
        Self::NeverEmitsAgain,
        Self::LosesDeliveries,
        Self::SameClaimId,
        Self::DropsDeadLetters,
        Self::DeadLettersIgnoreLease,
        Self::ForgetsVisits,
        Self::HistoryLast,
        Self::AssignsBeforeAnnouncing,
        Self::EverybodyIsAdmin,
    ];

    /// A scene and the fault, if any, in which it shows.
    pub(crate) const fn world(self) -> (Scene, Budget) {
        match self {
            Self::OneRetryMore
            | Self::LosesDeliveries
            | Self::HistoryLast
            | Self::ExitApart
            | Self::EmitsFirst => (TWO_STAGES, NONE),
            Self::EverybodyIsAdmin => (THREE_COMMANDS, NONE),
            Self::AcknowledgesFirst
            | Self::AcknowledgesFailures
            | Self::NeverEmitsAgain
            | Self::DropsDeadLetters
            | Self::AssignsBeforeAnnouncing => (TWO_STAGES, CRASH),
            Self::NoLease
            | Self::ShortLease
            | Self::UnconditionalWrites
            | Self::AttemptNotCompared
            | Self::SameClaimId
            | Self::DeadLettersIgnoreLease
            | Self::ForgetsVisits => (TWO_STAGES, DUPLICATE),
            Self::CallsAfterLease => (TWO_STAGES, STANDSTILL),
        }
    }
}
