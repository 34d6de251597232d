use super::bounds::{Bounds, CRASH, DIED_TWICE, DUPLICATE, NONE, STANDSTILL, STOOD_STILL};
use super::scenario::{
    CALLED_BACK, LONG_WAIT, ONE_CONDITION, ONE_STAGE, Scene, THREE_COMMANDS, THREE_STAGES,
    TWO_COMMANDS, TWO_STAGES,
};

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
    /// A retry's message is sent before the write that it follows from: two effects of one list, swapped.
    RetrySentFirst,
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
    /// The history is written by an exit too, with what it believes that it will be.
    ExitWritesHistory,
    /// An exit is announced before it is written.
    AnnouncesFirst,
    /// A worker that finds an exit already written does not announce it.
    ForgetsToAnnounceAgain,
    /// A worker that finds an exit no longer in the record does not announce it.
    AsksNoHistory,
    /// A dead-lettered delivery that is over is not announced.
    DeadDeliveriesAnnounceNothing,
    /// A dead-lettered assignment whose visit is over is only parked.
    DeadAssignmentsEmitNothing,
    /// The role in an assignment is treated as admin.
    EverybodyIsAdmin,
    /// The stage's control record is not looked at.
    CallsWhileHeld,
    /// Whoever tries to become the probe believes that it is.
    ProbesAnyway,
    /// Control records are written without a condition.
    UnconditionalControls,
    /// Putting a delivery off spends an attempt.
    PutOffSpendsAttempt,
    /// The message of a delivery that was put off is not sent.
    PutOffNotSent,
    /// What a delivery has been held back for is not counted.
    PatienceNeverEnds,
    /// A delivery does not wait for its receiver to come back.
    CircuitOpenAtOnce,
    /// Files are sent although nobody asked whether their stage's condition holds.
    IgnoresConditions,
    /// A claim does not say that the condition held, so that it is asked again.
    ForgetsWanted,
    /// A leg of a long wait spends an attempt.
    LegSpendsAttempt,
    /// A leg is not followed by the next.
    LegNotSent,
    /// A leg is sent without a delay.
    LegSentAtOnce,
    /// The attempt is made at a leg, before it is due.
    CallsAtLeg,
    /// What a stage says of the failures that it repeats is not read.
    RetryOnIgnored,
    /// A command that waits for its file is acknowledged, and not sent again.
    PutBackNotSent,
}

impl Break {
    pub(crate) const ALL: [Self; 40] = [
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
        Self::RetrySentFirst,
        Self::NeverEmitsAgain,
        Self::LosesDeliveries,
        Self::SameClaimId,
        Self::DropsDeadLetters,
        Self::DeadLettersIgnoreLease,
        Self::ForgetsVisits,
        Self::HistoryLast,
        Self::ExitWritesHistory,
        Self::AnnouncesFirst,
        Self::ForgetsToAnnounceAgain,
        Self::AsksNoHistory,
        Self::DeadDeliveriesAnnounceNothing,
        Self::DeadAssignmentsEmitNothing,
        Self::EverybodyIsAdmin,
        Self::CallsWhileHeld,
        Self::ProbesAnyway,
        Self::UnconditionalControls,
        Self::PutOffSpendsAttempt,
        Self::PutOffNotSent,
        Self::PatienceNeverEnds,
        Self::CircuitOpenAtOnce,
        Self::IgnoresConditions,
        Self::ForgetsWanted,
        Self::LegSpendsAttempt,
        Self::LegNotSent,
        Self::LegSentAtOnce,
        Self::CallsAtLeg,
        Self::RetryOnIgnored,
        Self::PutBackNotSent,
    ];

    /// A scene and the fault, if any, in which it shows.
    pub(crate) const fn world(self) -> (Scene, Bounds) {
        let (scene, faults) = match self {
            Self::ExitWritesHistory => return (TWO_COMMANDS, STOOD_STILL),
            Self::DeadDeliveriesAnnounceNothing => return (TWO_STAGES, Bounds::once(CRASH)),
            Self::DeadAssignmentsEmitNothing => return (THREE_STAGES, DIED_TWICE),
            Self::CallsWhileHeld
            | Self::ProbesAnyway
            | Self::UnconditionalControls
            | Self::PutOffSpendsAttempt
            | Self::PutOffNotSent
            | Self::PatienceNeverEnds
            | Self::CircuitOpenAtOnce => return (ONE_STAGE, Bounds::controlled(NONE, 3, 0)),
            Self::IgnoresConditions => (ONE_CONDITION, NONE),
            Self::ForgetsWanted => (ONE_CONDITION, CRASH),
            Self::LegSpendsAttempt
            | Self::LegNotSent
            | Self::LegSentAtOnce
            | Self::CallsAtLeg
            | Self::RetryOnIgnored => (LONG_WAIT, NONE),
            Self::OneRetryMore
            | Self::LosesDeliveries
            | Self::HistoryLast
            | Self::ExitApart
            | Self::EmitsFirst
            | Self::RetrySentFirst
            | Self::AnnouncesFirst => (TWO_STAGES, NONE),
            Self::PutBackNotSent => (CALLED_BACK, NONE),
            Self::EverybodyIsAdmin => (THREE_COMMANDS, NONE),
            Self::AcknowledgesFirst
            | Self::AcknowledgesFailures
            | Self::NeverEmitsAgain
            | Self::DropsDeadLetters
            | Self::ForgetsToAnnounceAgain
            | Self::AsksNoHistory => (TWO_STAGES, CRASH),
            Self::NoLease
            | Self::ShortLease
            | Self::UnconditionalWrites
            | Self::AttemptNotCompared
            | Self::SameClaimId
            | Self::DeadLettersIgnoreLease
            | Self::ForgetsVisits => (TWO_STAGES, DUPLICATE),
            Self::CallsAfterLease => (TWO_STAGES, STANDSTILL),
        };
        (scene, Bounds::with(faults))
    }
}
