//! Checks the invariants of ARCHITECTURE.md by effects alone: what the receiver saw, what is on record, and
//! what was commanded. It does not know how they came about, so the same checker judges the simulation, a state
//! directory after `kill -9`, and a deployment on the emulator.

mod announcements;
mod attempts;
mod calls;
mod exits;
mod rest;
mod stages;
mod writes;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use delivery::{
    AttemptRecord, DeadLetter, DeliveryState, FileKey, FileLeft, FileState, Rejection, VisitRecord,
};
use uuid::Uuid;
use workflow::Workflow;

pub use announcements::announced;
pub use stages::{Held, Limits, control_written, longest, may_be_paused};
pub use writes::written;

/// One call as the receiver saw it. Times are milliseconds on one clock, the receiver's.
#[derive(Clone, Debug)]
pub struct Call {
    pub delivery_id: Uuid,
    pub attempt: u32,
    pub url: String,
    pub from: i64,
    /// When its sender looked at the file: it decided between then and `from`.
    pub decided: i64,
    /// When it was answered, or its caller went away.
    pub until: i64,
    /// The answer that its caller got; none if the call timed out or the caller went away.
    pub status: Option<u16>,
    /// The `Retry-After` that came with the answer.
    pub retry_after: Option<Duration>,
    /// A fault hit its caller, so the result may not be on record; or the receiver had the stage paused instead: the
    /// call may come once more.
    pub excused: bool,
}

/// What a person commanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Command {
    /// The visit it must open, or the rejection it must leave.
    pub visit_id: Uuid,
    pub by_worker: bool,
}

/// All that is to be known of a deployment at rest.
#[derive(Debug)]
pub struct Evidence<'a> {
    pub workflow: &'a Workflow,
    pub files: Vec<FileState>,
    pub visits: Vec<VisitRecord>,
    /// Failed attempts in full.
    pub attempts: Vec<AttemptRecord>,
    pub rejections: Vec<Rejection>,
    pub parked: Vec<DeadLetter>,
    pub commands: Vec<Command>,
    pub calls: Vec<Call>,
    /// How many calls a delivery of each Webhook stage may make, as set by the test: every other source depends
    /// on the code under test.
    pub most_calls: BTreeMap<Uuid, u32>,
    /// How much earlier than planned a call may come: what clocks differ by, and rounding.
    pub early: Duration,
    /// What was announced, where announcements are watched.
    pub announced: Option<Vec<FileLeft>>,
    /// All writes of the stages' control records in their order, where they are watched.
    pub held: Vec<Held>,
    /// What each Webhook stage is set to, where its control record is watched.
    pub limits: BTreeMap<Uuid, Limits>,
}

/// An invariant, by its number in ARCHITECTURE.md, and what broke it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    pub invariant: u32,
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invariant {}: {}", self.invariant, self.what)
    }
}

/// Where the checks put what they find.
#[derive(Debug, Default)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    pub fn add(&mut self, invariant: u32, what: impl Into<String>) {
        // The first few are enough; a violation that repeats would fill the memory.
        if self.0.len() < 20 {
            let what = what.into();
            self.0.push(Violation { invariant, what });
        }
    }
}

impl Evidence<'_> {
    /// Every invariant that is broken.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Violations::default();
        rest::check(self, &mut found);
        calls::check(self, &mut found);
        attempts::check(self, &mut found);
        exits::check(self, &mut found);
        announcements::check(self, &mut found);
        stages::check(self, &mut found);
        found.0
    }

    /// Every delivery that ever was, with its file: from the record while it has it, from the history
    /// otherwise.
    fn deliveries(&self) -> Vec<(&FileKey, &DeliveryState)> {
        let current = self.files.iter().filter_map(|file| {
            let delivery = file.delivery.as_ref()?;
            Some((&file.key, delivery))
        });
        let current: Vec<_> = current.collect();
        let past = self.visits.iter().filter_map(|visit| {
            let delivery = visit.delivery.as_ref()?;
            let is_current = current
                .iter()
                .any(|(_, d)| d.delivery_id == delivery.delivery_id);
            (!is_current).then_some((&visit.key, delivery))
        });
        let past: Vec<_> = past.collect();
        current.into_iter().chain(past).collect()
    }

    /// How many calls came again: all but the first of each attempt.
    #[must_use]
    pub fn doubled(&self) -> usize {
        let mut seen = BTreeSet::new();
        let again = |call: &&Call| !seen.insert((call.delivery_id, call.attempt));
        self.calls.iter().filter(again).count()
    }
}
