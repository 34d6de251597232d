//! The simulated engine: records, history, queues, clock. All of it in memory, none of it concurrent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use delivery::control::{RecentCalls, StageControl};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use uuid::Uuid;
use workflow::Workflow;

use crate::check::Limits;
use crate::dice::Dice;
use crate::faults::{Break, Faults};
use crate::witness::Witness;

pub(super) const ASSIGNMENTS: usize = 0;
pub(super) const DELIVERIES: usize = 1;
pub(super) const ASSIGNMENTS_DLQ: usize = 2;
pub(super) const PARKED: usize = 4;

/// When every world begins.
const BEGAN: i64 = 1_790_000_000_000;

/// SQS's visibility: longer than any invocation.
const VISIBILITY: i64 = 360_000;

#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) body: String,
    pub(super) visible_at: i64,
    pub(super) receives: u32,
    pub(super) receipt: Option<u64>,
}

/// A process that a function runs in, with what it remembers from one invocation to the next.
#[derive(Default)]
pub(super) struct Process {
    pub(super) recent: Arc<RecentCalls>,
    /// Copies of control records by stage, and when they were read.
    pub(super) copies: BTreeMap<Uuid, (StageControl, i64)>,
}

/// How a receiver is down.
#[derive(Clone, Copy, Debug)]
pub(super) enum Down {
    Refuses,
    Hangs,
    /// It answers 503, and may say for how many seconds.
    Busy(Option<u64>),
}

pub(super) struct World {
    pub(super) dice: Dice,
    pub(super) now: i64,
    pub(super) workflow: Arc<Workflow>,
    pub(super) most_calls: BTreeMap<Uuid, u32>,
    pub(super) states: BTreeMap<FileKey, FileState>,
    pub(super) before: BTreeMap<FileKey, FileState>,
    pub(super) visits: BTreeMap<(FileKey, Uuid), VisitRecord>,
    /// By delivery and number, as the engines have them.
    pub(super) attempts: BTreeMap<(Uuid, u32), AttemptRecord>,
    pub(super) rejections: BTreeMap<Uuid, Rejection>,
    pub(super) queues: [Vec<Message>; 5],
    pub(super) witness: Witness,
    pub(super) faults: Faults,
    /// Faults in a thousand port calls; 0 once the storm is over.
    pub(super) trouble: u32,
    /// Answers in a hundred that are 2xx.
    pub(super) kindness: u32,
    /// Until then the engine refuses everything.
    pub(super) throttled_until: i64,
    /// Receives before a message is dead: 5 on AWS; with fewer, dead letters come about more ways.
    pub(super) max_receives: u32,
    /// The processes that functions run in.
    pub(super) processes: Vec<Process>,
    /// Until when a stage's receiver is down, and how that shows.
    pub(super) down: BTreeMap<Uuid, (i64, Down)>,
    /// What each Webhook stage is set to.
    pub(super) limits: BTreeMap<Uuid, Limits>,
    /// Tasks that a fault hit: what they did may be done again.
    pub(super) hit: BTreeSet<u64>,
    pub(super) broken: Option<Break>,
    /// Files may lose their message, because an audit repairs them.
    pub(super) is_audited: bool,
    /// The files that each task has messages about, and from which queue.
    pub(super) in_flight: BTreeMap<u64, (usize, Vec<Uuid>)>,
    /// Deliveries that a task has just put off.
    pub(super) muted: BTreeSet<(u64, Uuid)>,
    /// What a break keeps back from the history, by task.
    pub(super) late: BTreeMap<u64, Vec<VisitRecord>>,
    /// What happened, for people; without `is_traced`, only how much.
    pub(super) trace: Vec<String>,
    pub(super) is_traced: bool,
    pub(super) steps: usize,
    next_id: u64,
}

impl World {
    pub(super) fn new(mut dice: Dice, workflow: Workflow, broken: Option<Break>) -> Self {
        let trouble = u32::try_from(dice.pick(0..80)).unwrap();
        let kindness = u32::try_from(dice.pick(0..=100)).unwrap();
        let max_receives = 5 - u32::try_from(dice.pick(0..5)).unwrap();
        let processes = (0..dice.pick(1..=3)).map(|_| Process::default()).collect();
        Self {
            dice,
            now: BEGAN,
            workflow: Arc::new(workflow),
            most_calls: BTreeMap::new(),
            states: BTreeMap::new(),
            before: BTreeMap::new(),
            visits: BTreeMap::new(),
            attempts: BTreeMap::new(),
            rejections: BTreeMap::new(),
            queues: Default::default(),
            witness: Witness::default(),
            faults: Faults::default(),
            trouble,
            kindness,
            throttled_until: BEGAN,
            max_receives,
            processes,
            down: BTreeMap::new(),
            limits: BTreeMap::new(),
            hit: BTreeSet::new(),
            broken,
            is_audited: false,
            in_flight: BTreeMap::new(),
            muted: BTreeSet::new(),
            late: BTreeMap::new(),
            trace: Vec::new(),
            is_traced: false,
            steps: 0,
            next_id: 0,
        }
    }

    /// Nothing else goes wrong meanwhile, and messages have as many receives as on AWS.
    pub(super) fn throttle_for_an_hour(&mut self) {
        (self.trouble, self.max_receives) = (0, 5);
        self.throttled_until = BEGAN + 3_600_000;
    }

    pub(super) fn is_throttling(&self) -> bool {
        self.now < self.throttled_until
    }

    /// Notes what happened, with the seconds since the beginning.
    pub(super) fn tell(&mut self, task: u64, what: impl FnOnce() -> String) {
        self.steps += 1;
        if self.is_traced {
            let at = self.now - BEGAN;
            self.trace.push(format!(
                "{:>9.3} s  task {task:<4} {}",
                at as f64 / 1000.0,
                what()
            ));
        }
    }

    pub(super) fn is_broken(&self, what: Break) -> bool {
        self.broken == Some(what)
    }

    pub(super) fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn uuid(&mut self) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, &self.new_id().to_be_bytes())
    }

    /// Rolls the dice of trouble; a hit is counted, and its task remembered.
    pub(super) fn strikes(&mut self, task: u64, fault: &'static str) -> bool {
        let strikes = self.trouble > 0 && self.dice.per_mille(self.trouble);
        if strikes {
            self.faults.note(fault);
            self.hit.insert(task);
            self.tell(task, || format!("FAULT {fault}"));
        }
        strikes
    }

    pub(super) fn post(&mut self, queue: usize, body: String, delay_ms: i64) {
        let id = self.new_id();
        let visible_at = self.now + delay_ms;
        self.queues[queue].push(Message {
            id,
            body,
            visible_at,
            receives: 0,
            receipt: None,
        });
    }

    /// Takes up to `most` due messages in any order; one received too often goes to the dead letters.
    pub(super) fn receive(&mut self, queue: usize, most: usize) -> Vec<Message> {
        let mut due: Vec<usize> = (0..self.queues[queue].len())
            .filter(|index| self.queues[queue][*index].visible_at <= self.now)
            .collect();
        // They are in the order in which they came to the queue.
        let oldest = due.first().copied();
        self.dice.shuffle(&mut due);
        due.truncate(most);
        if due.first().copied() != oldest {
            self.faults.note("received out of order");
        }
        let receipt = self.new_id();
        let hidden_until = self.now + VISIBILITY;
        let mut taken = Vec::new();
        let mut dead = Vec::new();
        for index in due {
            let message = &mut self.queues[queue][index];
            message.receives += 1;
            if message.receives > self.max_receives && queue < ASSIGNMENTS_DLQ {
                dead.push(message.id);
                continue;
            }
            message.visible_at = hidden_until;
            message.receipt = Some(receipt);
            taken.push(message.clone());
        }
        for id in dead {
            self.faults.note("dead-lettered");
            let index = self.queues[queue].iter().position(|m| m.id == id).unwrap();
            let mut message = self.queues[queue].remove(index);
            (message.receives, message.receipt, message.visible_at) = (0, None, self.now);
            if !self.is_broken(Break::DropsDeadLetters) {
                self.queues[queue + 2].push(message);
            }
        }
        taken
    }

    /// Deletes a message if its receipt is the last one given for it.
    pub(super) fn delete(&mut self, queue: usize, message: &Message) {
        self.queues[queue].retain(|held| held.id != message.id || held.receipt != message.receipt);
        self.look();
    }

    /// Makes a message that is in somebody's hand visible: SQS may deliver it twice. Not at its last
    /// receive, so that none is a dead letter while the function that has it still runs: for that SQS
    /// would have to double the very last one of a message that has failed so often.
    pub(super) fn duplicate(&mut self) {
        let queue = self.dice.index(PARKED);
        if self.queues[queue].is_empty() {
            return;
        }
        let index = self.dice.index(self.queues[queue].len());
        let now = self.now;
        let message = &mut self.queues[queue][index];
        let is_last = queue < ASSIGNMENTS_DLQ && message.receives >= self.max_receives;
        if message.receipt.is_some() && message.visible_at > now && !is_last {
            message.visible_at = now;
            self.faults.note("message delivered twice");
        }
    }

    pub(super) fn is_drained(&self) -> bool {
        self.queues[..PARKED].iter().all(Vec::is_empty)
    }

    /// What follows from a broken invariant says nothing more.
    pub(super) fn is_broken_already(&self) -> bool {
        !self.witness.found.0.is_empty()
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.states.values().all(|state| state.status.is_at_rest())
    }

    /// A task that has ended, one way or the other.
    pub(super) fn part_with(&mut self, task: u64) {
        self.in_flight.remove(&task);
        self.late.remove(&task);
    }

    /// The next moment at which a message is due.
    pub(super) fn next_due(&self) -> Option<i64> {
        let messages = self.queues[..PARKED].iter().flatten();
        messages
            .map(|message| message.visible_at)
            .filter(|at| *at > self.now)
            .min()
    }

    /// Until a parked letter is there for whoever asks, also one that a redrive has left half done.
    pub(super) fn await_letter(&mut self) {
        let due = self.queues[PARKED].iter().map(|letter| letter.visible_at);
        self.now = self.now.max(due.min().unwrap_or(0));
    }

    /// Looks at every file: whoever is not at rest must have a message (invariant 3).
    pub(super) fn look(&mut self) {
        if self.is_audited {
            return;
        }
        let messages: Vec<&str> = self.queues[..PARKED]
            .iter()
            .flatten()
            .map(|message| message.body.as_str())
            .collect();
        for state in self
            .states
            .values()
            .filter(|state| !state.status.is_at_rest())
        {
            let item = state.key.item_id.to_string();
            if !messages.iter().any(|body| body.contains(&item)) {
                let what = format!("{} is {:?} without a message", state.key, state.status);
                self.witness.found.add(3, what);
            }
        }
    }
}
