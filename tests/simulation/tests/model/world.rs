use std::collections::{BTreeMap, BTreeSet};

use delivery::machine::{announcement_of, visit_id_of};
use delivery::{Assignment, Delivery, FileLeft, FileState, VisitRecord};
use uuid::Uuid;

use super::bounds::Budget;
use super::control::Control;
use super::fact::Fact;
use super::observed::Observed;
use super::worker::Worker;

pub(crate) type Record = Fact<FileState>;

/// The whole world. Messages and workers are sorted, so that worlds that differ only in which sender does what
/// are the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) record: Option<Record>,
    pub(crate) messages: Vec<Message>,
    pub(crate) workers: Vec<Worker>,
    pub(crate) history: History,
    pub(crate) observed: Observed,
    pub(crate) left: Budget,
    /// The stage's control record, in worlds that have one.
    pub(crate) control: Option<Control>,
    /// The record a write before, while somebody may still read it.
    pub(crate) old_control: Option<Control>,
    /// Another file's delivery is in its call as the probe.
    pub(crate) other_probes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Queue {
    Assignments,
    Deliveries,
    /// Both dead-letter queues: one function serves them.
    Dead,
}

/// A message that nobody has in flight.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Message {
    pub(crate) queue: Queue,
    pub(crate) body: Body,
    pub(crate) receives: u8,
    pub(crate) is_delayed: bool,
    /// The record that it has, if it is a leg of a wait. That other messages have one too is left to the simulation: it
    /// saves reads before writes, which the record's version decides.
    pub(crate) seen: Option<Record>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Body {
    /// With the visit it opens, which is derived from it at some cost.
    Assignment(Fact<Assignment>, Uuid),
    Delivery(Fact<Delivery>),
}

impl Body {
    pub(crate) fn assignment(assignment: Assignment) -> Self {
        let visit = visit_id_of(&assignment);
        Self::Assignment(Fact::new(assignment), visit)
    }

    /// The visit it is about.
    pub(crate) fn visit(&self) -> Uuid {
        match self {
            Self::Assignment(_, visit) => *visit,
            Self::Delivery(message) => message.delivery_id,
        }
    }
}

/// What is kept beside the record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct History {
    /// Finished visits.
    pub(crate) visits: BTreeMap<Uuid, Kept>,
    /// Failed attempts.
    pub(crate) attempts: BTreeSet<(Uuid, u32)>,
    /// Rejected assignments.
    pub(crate) rejections: BTreeSet<Uuid>,
    /// Visits of parked dead letters.
    pub(crate) parked: BTreeSet<Uuid>,
}

/// A visit record, as far as anybody reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kept {
    pub(crate) version: u64,
    /// What would be announced of it; none for a visit to a stage that is not ours to run.
    pub(crate) end: Option<Fact<FileLeft>>,
}

impl History {
    /// As the port has it: by the visit's id, and a newer version is never replaced by an older one.
    pub(crate) fn keep(&mut self, visit: &VisitRecord) {
        let known = self.visits.get(&visit.visit.id);
        if known.is_none_or(|known| known.version <= visit.version) {
            let kept = Kept {
                version: visit.version,
                end: announcement_of(visit).map(Fact::new),
            };
            self.visits.insert(visit.visit.id, kept);
        }
    }
}

impl World {
    pub(crate) fn post(&mut self, queue: Queue, body: Body, is_delayed: bool) {
        self.post_leg(queue, body, is_delayed, None);
    }

    pub(crate) fn post_leg(
        &mut self,
        queue: Queue,
        body: Body,
        is_delayed: bool,
        seen: Option<Record>,
    ) {
        self.messages.push(Message {
            queue,
            body,
            receives: 0,
            is_delayed,
            seen,
        });
    }

    /// Nothing is left that could move.
    pub(crate) fn is_quiet(&self) -> bool {
        self.messages.is_empty() && self.workers.is_empty()
    }

    pub(crate) fn in_order(mut self) -> Self {
        self.messages.sort_unstable();
        self.workers.sort_unstable();
        self
    }
}
