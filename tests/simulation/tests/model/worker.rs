use delivery::machine::OnConflict;
use delivery::{FileLeft, Timestamp, VisitRecord};
use uuid::Uuid;

use super::clock::{Passed, aged};
use super::control::{Control, control_aged};
use super::fact::Fact;
use super::world::{Body, Message, Queue, Record};

/// What a worker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    Dispatcher,
    Sender,
    DeadLetter,
    Audit,
}

/// A worker with one message in flight (the audit has none).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Worker {
    pub(crate) role: Role,
    pub(crate) message: Option<Message>,
    pub(crate) at: At,
    /// Writers that got in between so far.
    pub(crate) conflicts: u8,
    /// The message no longer belongs to this worker: acknowledging or releasing it has no effect.
    pub(crate) is_superseded: bool,
    /// The call it has begun, as long as nothing has struck it since.
    pub(crate) call: Option<(Uuid, u32)>,
    /// The stage's control record as it has read it.
    pub(crate) control: Option<Control>,
    /// A time that is reserved for its call.
    pub(crate) reserved: Option<Timestamp>,
    /// Whether the stage's condition holds for the file, as it was told.
    pub(crate) is_wanted: Option<bool>,
    /// The record has let it make its call at a time when it can have read it.
    pub(crate) may_call: bool,
}

/// Where a worker is. It knows what it has read, and no more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum At {
    /// Has read the record, or found it instead of what it wanted to write.
    Read(Option<Record>),
    /// About to ask the history for a visit.
    Asking(Option<Record>, Uuid),
    /// Has the history's answer.
    Asked(Option<Record>, Heard),
    /// About to learn whether the stage's condition holds for the file.
    Wanting(Record),
    /// About to write its claim.
    Claiming(Record),
    /// About to write the claim of an attempt that fails without a call.
    Failing(Record),
    /// About to become the probe.
    Probing(Record, Control),
    /// About to reserve this time for its call.
    Reserving(Record, Control, Timestamp),
    /// The claim is written; its call comes next, if its lease allows.
    Claimed(Record),
    /// In the call.
    Calling(Record),
    /// Has the answer.
    Answered(Record, u16),
    /// Knows what is to be done, in order; the last is what becomes of the message.
    Doing(Vec<Effect>),
}

/// What the history has said of a visit: nothing yet; that it has none; or how it ended, if it is one of ours.
pub(crate) type Heard = Option<Option<Option<Fact<FileLeft>>>>;

/// One effect on the world: the step in which nobody gets in between.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Effect {
    KeepVisit(Fact<VisitRecord>),
    KeepAttempt(Uuid, u32),
    KeepRejection(Uuid),
    Write(Record, OnConflict),
    /// Tells other systems that a file has left its stage.
    Announce(Fact<FileLeft>),
    Send {
        queue: Queue,
        body: Body,
        is_delayed: bool,
        /// The record that it has, if it is a leg of a wait.
        seen: Option<Record>,
    },
    Park,
    /// Tells the stage's control record what the call came to.
    Learn(u16),
    Acknowledge,
    /// The message goes back to its queue.
    Return,
}

impl Worker {
    /// The record is read in the step that receives the message. Receiving has no visible effect, so reading
    /// later is the same as receiving later.
    pub(crate) fn new(role: Role, message: Option<Message>, record: Option<Record>) -> Self {
        Self {
            role,
            message,
            at: At::Read(record),
            conflicts: 0,
            is_superseded: false,
            call: None,
            control: None,
            reserved: None,
            is_wanted: None,
            may_call: false,
        }
    }

    pub(crate) fn body(&self) -> Option<&Body> {
        self.message.as_ref().map(|message| &message.body)
    }

    /// The records it holds.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        let (one, effects) = match &self.at {
            At::Read(record) | At::Asking(record, _) | At::Asked(record, _) => {
                (record.as_ref(), &[][..])
            }
            At::Wanting(record)
            | At::Claiming(record)
            | At::Failing(record)
            | At::Probing(record, _)
            | At::Reserving(record, ..)
            | At::Claimed(record)
            | At::Calling(record)
            | At::Answered(record, _) => (Some(record), &[][..]),
            At::Doing(effects) => (None, &effects[..]),
        };
        let written = effects.iter().filter_map(|effect| match effect {
            Effect::Write(record, _) => Some(record),
            _ => None,
        });
        one.into_iter().chain(written)
    }

    /// What it holds, after that time.
    pub(crate) fn aged(mut self, passed: Passed) -> Self {
        let old = |record: Record| aged(&record, passed);
        self.control = self.control.map(|copy| control_aged(&copy, passed));
        self.reserved = None;
        if let Some(message) = self.message.as_mut() {
            message.seen = message.seen.take().map(old);
        }
        self.at = match self.at {
            At::Read(record) => At::Read(record.map(old)),
            At::Asking(record, visit) => At::Asking(record.map(old), visit),
            At::Asked(record, heard) => At::Asked(record.map(old), heard),
            At::Wanting(record) => At::Wanting(old(record)),
            At::Claiming(record) => At::Claiming(old(record)),
            At::Failing(record) => At::Failing(old(record)),
            At::Probing(record, next) => At::Probing(old(record), control_aged(&next, passed)),
            At::Reserving(record, ..) => At::Read(Some(old(record))),
            At::Claimed(record) => At::Claimed(old(record)),
            At::Calling(record) => At::Calling(old(record)),
            At::Answered(record, status) => At::Answered(old(record), status),
            At::Doing(effects) => {
                let effects = effects.into_iter().map(|effect| match effect {
                    Effect::Write(record, conflict) => Effect::Write(old(record), conflict),
                    Effect::Send {
                        queue,
                        body,
                        is_delayed,
                        seen,
                    } => Effect::Send {
                        queue,
                        body,
                        is_delayed,
                        seen: seen.map(old),
                    },
                    other => other,
                });
                At::Doing(effects.collect())
            }
        };
        self
    }
}
