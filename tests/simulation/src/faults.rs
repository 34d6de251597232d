//! What goes wrong, how often; and, for the test of the tests, what is broken on purpose.

use std::collections::BTreeMap;

/// How often each fault is injected, and how often it was.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    pub counts: BTreeMap<&'static str, u64>,
}

impl Faults {
    pub fn note(&mut self, fault: &'static str) {
        *self.counts.entry(fault).or_default() += 1;
    }

    pub fn add(&mut self, other: &Self) {
        for (fault, count) in &other.counts {
            *self.counts.entry(fault).or_default() += count;
        }
    }
}

/// Deliberate breaks. Each one must be caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Messages are acknowledged before they are handled.
    AcknowledgeFirst,
    /// Failed records are acknowledged too.
    AcknowledgeFailures,
    /// Claims have no lease.
    NoLease,
    /// Leases end before the call does.
    ShortLease,
    /// Writes are not conditional.
    UnconditionalWrites,
    /// Reads see the record as it was one write before.
    StaleReads,
    /// Two claims of the same moment write the same bytes.
    SameClaimId,
    /// What is sent to the deliveries queue is lost now and then, and reported as sent.
    LosesDeliveries,
    /// What is sent to the assignments queue is lost now and then, and reported as sent.
    LosesAssignments,
    /// The history forgets visits.
    ForgetsVisits,
    /// The record's attempts are not kept.
    ForgetsAttempts,
    /// The history has a visit under two ids.
    NumbersTwice,
    /// The history keeps no failed attempts.
    ForgetsFailures,
    /// The end of a delivery is gone with the next write about its file.
    ForgetsEnds,
    /// Dead letters are dropped instead of handled.
    DropsDeadLetters,
    /// The role in an assignment is treated as admin.
    EverybodyIsAdmin,
    /// The next stage is written apart from the exit, by a second write.
    ExitApart,
    /// The history is written after the record that relies on it.
    HistoryLate,
    /// Jitter is taken off the time that the receiver asked for.
    JitterBelowRetryAfter,
    /// Redirects are followed.
    FollowsRedirects,
    /// Any message of a delivery makes the call that is next, be it due or not.
    AttemptNotCompared,
    /// A delivery fails although it has an attempt left.
    GivesUpEarly,
    /// A delivery has an attempt more than its stage allows.
    OneRetryTooMany,
    /// A receiver that has said 410 is called again.
    RetriesAfterGone,
    /// A receiver that has taken the file is called again.
    RetriesAfterSuccess,
    /// A file that has failed is announced as one that has succeeded, and the other way round.
    AnnouncesWrongOutcome,
    /// An end is announced before it is written.
    AnnouncesFirst,
    /// Senders do not see that a stage is paused.
    CallsWhilePaused,
    /// Senders do not see that a stage's breaker is open.
    CallsWhileOpen,
    /// Whoever tries to become the probe believes that it is, also when another was first.
    ProbesAnyway,
    /// Control records are written without a condition.
    UnconditionalControls,
    /// A probe's lease does not end.
    NoProbeLease,
    /// Putting a delivery off spends an attempt.
    PutOffSpendsAttempt,
    /// The message of a delivery that was put off is not sent.
    PutOffNotSent,
    /// What a delivery has been held back for is not counted.
    PatienceNeverEnds,
    /// A delivery does not wait for its receiver to come back.
    CircuitOpenAtOnce,
    /// The times that are reserved are not written.
    RateNotWritten,
    /// Files are sent although their stage's condition does not hold.
    IgnoresConditions,
    /// Files are skipped although their stage's condition holds.
    SkipsAll,
    /// A leg of a long wait spends an attempt.
    LegSpendsAttempt,
    /// A leg of a long wait is not sent, and reported as sent.
    LegNotSent,
    /// A leg of a long wait is sent without a delay.
    LegSentAtOnce,
    /// The attempt is made at a leg, before it is due.
    CallsAtLeg,
    /// What a stage says of the failures that it repeats is not read.
    RetryOnIgnored,
}

impl Break {
    pub const ALL: [Self; 44] = [
        Self::AcknowledgeFirst,
        Self::AcknowledgeFailures,
        Self::NoLease,
        Self::ShortLease,
        Self::UnconditionalWrites,
        Self::StaleReads,
        Self::SameClaimId,
        Self::LosesDeliveries,
        Self::LosesAssignments,
        Self::ForgetsVisits,
        Self::NumbersTwice,
        Self::ForgetsFailures,
        Self::ForgetsEnds,
        Self::ForgetsAttempts,
        Self::DropsDeadLetters,
        Self::EverybodyIsAdmin,
        Self::ExitApart,
        Self::HistoryLate,
        Self::JitterBelowRetryAfter,
        Self::FollowsRedirects,
        Self::AttemptNotCompared,
        Self::GivesUpEarly,
        Self::OneRetryTooMany,
        Self::RetriesAfterGone,
        Self::RetriesAfterSuccess,
        Self::AnnouncesWrongOutcome,
        Self::AnnouncesFirst,
        Self::CallsWhilePaused,
        Self::CallsWhileOpen,
        Self::ProbesAnyway,
        Self::UnconditionalControls,
        Self::NoProbeLease,
        Self::PutOffSpendsAttempt,
        Self::PutOffNotSent,
        Self::PatienceNeverEnds,
        Self::CircuitOpenAtOnce,
        Self::RateNotWritten,
        Self::IgnoresConditions,
        Self::SkipsAll,
        Self::LegSpendsAttempt,
        Self::LegNotSent,
        Self::LegSentAtOnce,
        Self::CallsAtLeg,
        Self::RetryOnIgnored,
    ];

    /// The invariant that it breaks, as the checker must see it.
    #[must_use]
    pub const fn invariant(self) -> u32 {
        match self {
            Self::AnnouncesFirst | Self::AnnouncesWrongOutcome | Self::ForgetsAttempts => 1,
            Self::ForgetsFailures | Self::UnconditionalWrites | Self::UnconditionalControls => 2,
            Self::AcknowledgeFirst
            | Self::AcknowledgeFailures
            | Self::StaleReads
            | Self::LosesDeliveries
            | Self::LosesAssignments
            | Self::ForgetsVisits
            | Self::DropsDeadLetters
            | Self::PutOffNotSent
            | Self::LegNotSent => 3,
            Self::NoLease | Self::ShortLease | Self::SameClaimId => 4,
            Self::JitterBelowRetryAfter
            | Self::AttemptNotCompared
            | Self::OneRetryTooMany
            | Self::RetriesAfterGone
            | Self::RetriesAfterSuccess
            | Self::PutOffSpendsAttempt
            | Self::LegSpendsAttempt
            | Self::CallsAtLeg
            | Self::RetryOnIgnored => 5,
            Self::NumbersTwice
            | Self::ForgetsEnds
            | Self::ExitApart
            | Self::HistoryLate
            | Self::GivesUpEarly => 6,
            Self::EverybodyIsAdmin => 7,
            Self::FollowsRedirects => 9,
            Self::CallsWhilePaused
            | Self::CallsWhileOpen
            | Self::ProbesAnyway
            | Self::RateNotWritten => 11,
            Self::NoProbeLease
            | Self::PatienceNeverEnds
            | Self::CircuitOpenAtOnce
            | Self::LegSentAtOnce => 12,
            Self::IgnoresConditions | Self::SkipsAll => 13,
        }
    }

    /// Finds a break by the name that `SIM_BREAK` gives.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|broken| format!("{broken:?}") == name)
    }
}
