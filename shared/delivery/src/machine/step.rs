use std::convert::Infallible;
use std::time::Duration;

use uuid::Uuid;

use crate::control::{HeldBy, StageKey};
use crate::document::DocumentRef;
use crate::event::{Attempted, FileLeft};
use crate::message::{Assignment, DeadLetter, Delivery};
use crate::record::{AttemptRecord, Rejection, VisitRecord};
use crate::state::{FileKey, FileState};
use crate::time::Timestamp;

/// What a function does next about a message, and what that comes to. `C` is what only the sender does, and
/// uninhabited for the others, which make no calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<R, C = Infallible> {
    /// Ask the history for this visit, and decide again with its answer.
    AskHistory(Uuid),
    /// What only the sender does, because it makes calls.
    Sender(C),
    /// Leave the message on its queue: a sender has claimed the attempt until then, and may crash.
    Wait(Timestamp),
    /// Carry out the effects in their order, then acknowledge the message. A crash in between loses nothing:
    /// the message comes back, and its next step repeats what may be missing.
    Do(Vec<Effect>, R),
}

/// One thing that a function does, on the record, the history, a queue or another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Store a finished visit in the history. It comes before the write that relies on it, so that the record
    /// never loses a visit that the history does not have.
    ArchiveVisit(Box<VisitRecord>),
    /// Store a failed attempt in the history, before the write that counts it.
    ArchiveAttempt(Box<AttemptRecord>),
    /// Store a rejected assignment in the history, and report it.
    ArchiveRejection(Box<Rejection>),
    /// Write the record, if it is still the one that the step was decided from. Otherwise nothing after it is
    /// done.
    Write(Box<FileState>, OnConflict),
    /// Report what the write has made true. Reporting cannot fail.
    Report(Report),
    /// Store the inline document of a file that failed, so that it can be redelivered: it would be deleted with
    /// its message. It comes after the write, because only the one that has written the end may replace the
    /// stored document. A failure is logged, and stops nothing.
    KeepDocument(FileKey, DocumentRef),
    /// Send a delivery's message, to arrive after this delay.
    SendDelivery(Box<Delivery>, Duration),
    /// Send a delivery's message to come back after this delay, before its attempt is due. It has the record, so that the
    /// next one needs no read.
    SendLeg(Box<Delivery>, Duration),
    /// Send an assignment, to arrive after this delay.
    SendAssignment(Box<Assignment>, Duration),
    /// Announce that a file left its stage. It comes after the assignment, so that an EventBridge outage never
    /// blocks a file.
    Announce(Box<FileLeft>),
    /// Park a message for inspection and redrive.
    Park(Box<DeadLetter>),
}

/// What follows when somebody else has written the record first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OnConflict {
    /// Decide again from the record that was found.
    DecideAgain,
    /// Leave the message on its queue. After a call, because the record no longer has its claim.
    GiveUp,
}

/// What a write has made true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// An attempt is on record.
    Attempted(Box<Attempted>),
    /// A file left its stage.
    Left(Box<FileLeft>),
    /// A delivery that was due waits, for this reason.
    PutOff(StageKey, HeldBy),
}

/// What is known of a message's visit from the history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FromHistory {
    /// It was not asked.
    #[default]
    NotAsked,
    /// It does not have the visit.
    Absent,
    /// It has the visit, with the event that announces its end (a visit stopped by the hop limit has none).
    Present(Option<Box<FileLeft>>),
}
