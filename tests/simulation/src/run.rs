//! One world from its choices to its rest.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use crate::by_hand::{Hand, control_by_hand};
use crate::check::Violation;
use crate::dice::{Dice, Tape};
use crate::faults::{Break, Faults};
use crate::invocation::{self, LIFE, audit, redrive};
use crate::ports::{Shared, Sim};
use crate::world::{DELIVERIES, PARKED, World};
use crate::{scenario, witness};

/// A world that is not at rest after this many steps has failed.
const PATIENCE: usize = 60_000;

/// What became of one world.
#[derive(Debug)]
pub struct Report {
    pub violations: Vec<Violation>,
    pub faults: Faults,
    pub calls: usize,
    pub deliveries: usize,
    /// How much happened: a line of the trace each.
    pub steps: usize,
    pub trace: Vec<String>,
    /// What was chosen, to be played again.
    pub(super) tape: Tape,
}

impl Report {
    #[must_use]
    pub fn breaks(&self, invariant: u32) -> bool {
        let mut found = self.violations.iter();
        found.any(|violation| violation.invariant == invariant)
    }
}

/// What is different from the product.
#[derive(Clone, Copy, Debug, Default)]
pub struct Variant {
    /// What is broken on purpose.
    pub broken: Option<Break>,
    /// Files may lose their message (a break sees to that), because an audit repairs them.
    pub is_audited: bool,
    /// All that goes wrong is that the engine throttles every request of the first hour.
    pub is_throttled: bool,
}

/// Runs the world of a seed.
#[must_use]
pub fn simulate(seed: u64, variant: Variant) -> Report {
    run(Dice::of_seed(seed), variant, false)
}

/// The same world again, with the lines of its trace.
#[must_use]
pub fn traced(report: &Report, variant: Variant) -> Report {
    run(Dice::of_tape(report.tape.clone()), variant, true)
}

pub(super) fn run(mut dice: Dice, variant: Variant, is_traced: bool) -> Report {
    let scenario::Scene {
        workflow,
        most_calls,
        limits,
    } = scenario::workflow(&mut dice);
    let mut world = World::new(dice, workflow, variant.broken);
    world.most_calls = most_calls;
    world.limits = limits;
    world.is_audited = variant.is_audited;
    if variant.is_throttled {
        world.throttle_for_an_hour();
    }
    world.is_traced = is_traced;
    let mut run = Run {
        world: Arc::new(Mutex::new(world)),
        tasks: Vec::new(),
    };
    run.storm();
    run.calm();
    let mut world = run.world.lock().unwrap();
    if !world.is_broken_already() {
        witness::judge(&mut world);
    }
    Report {
        violations: std::mem::take(&mut world.witness.found.0),
        faults: world.faults.clone(),
        calls: world.witness.calls.len(),
        deliveries: witness::deliveries(&world).len(),
        steps: world.steps,
        trace: std::mem::take(&mut world.trace),
        tape: std::mem::replace(&mut world.dice, Dice::of_tape(Vec::new())).into_tape(),
    }
}

struct Task {
    id: u64,
    until: i64,
    /// Until then it stands still, whatever goes on around it.
    still_until: i64,
    future: Pin<Box<dyn Future<Output = ()> + Send>>,
}

struct Run {
    world: Shared,
    tasks: Vec<Task>,
}

impl Run {
    fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        act(&mut self.world.lock().unwrap())
    }

    /// Assignments come in, and everything goes wrong that can.
    fn storm(&mut self) {
        let mut to_assign = self.with(|world| world.dice.pick(1..6));
        let steps = self.with(|world| world.dice.pick(50..400));
        for _ in 0..steps {
            if self.with(|world| world.is_broken_already()) {
                return;
            }
            let most = if self.with(|world| world.is_throttling()) {
                94
            } else {
                100
            };
            match self.with(|world| world.dice.pick(0..most)) {
                0..=59 => self.poll(0),
                60..=79 => self.receive(0),
                80..=84 if to_assign > 0 => {
                    to_assign -= 1;
                    self.with(scenario::assign);
                }
                85..=93 => self.pass_time(),
                94 => self.stand_still(),
                95 => self.crash(),
                96 => self.operate_a_stage(),
                97 => self.with(World::duplicate),
                98 => self.with(World::begin_outage),
                99 => self.operate(),
                _ => self.poll(0),
            }
        }
        for _ in 0..to_assign {
            self.with(scenario::assign);
        }
    }

    /// No more faults: all work must finish, whatever is chosen.
    fn calm(&mut self) {
        self.with(|world| {
            world.trouble = 0;
            world.end_outages();
        });
        for task in &mut self.tasks {
            task.still_until = 0;
        }
        let mut redrives = self.with(|world| world.dice.pick(0..3));
        for turn in 0..PATIENCE {
            if self.with(|world| world.is_broken_already()) {
                return;
            }
            if turn % 64 == 0 && self.with(|world| world.has_paused_stage()) {
                self.start(|sim| control_by_hand(sim, Hand::ResumesAll));
            }
            if self.tasks.is_empty() && self.with(|world| world.is_drained()) {
                if redrives > 0 && self.with(|world| !world.queues[PARKED].is_empty()) {
                    redrives -= 1;
                    self.with(World::await_letter);
                    self.start(redrive);
                } else if self.with(|world| world.is_at_rest() || !world.is_audited) {
                    return;
                } else {
                    self.with(|world| world.now += 3_600_000);
                    self.start(audit);
                }
            }
            self.receive(turn);
            for next in 0..4 {
                self.poll(turn + next);
            }
            if turn % 4 == 3 {
                self.pass_time();
            }
        }
        self.with(|world| {
            world
                .witness
                .found
                .add(3, "the world does not come to rest")
        });
    }

    /// Mostly a little; while nobody works, to the next message; now and then so much at once that a
    /// task stands still for longer than its lease.
    fn pass_time(&mut self) {
        let is_quiet = self.tasks.is_empty();
        self.with(|world| {
            let small = world.dice.pick(1..4000);
            let chance = world.dice.pick(0..50);
            let step = match (world.next_due(), chance) {
                (Some(due), 0..=24) if is_quiet => due - world.now,
                (_, 49) if world.trouble > 0 => {
                    world.faults.note("standstill beyond the lease");
                    if world.dice.one_in(4) {
                        LIFE + 1000
                    } else {
                        25_000
                    }
                }
                _ => small,
            };
            world.now += step;
        });
    }

    fn crash(&mut self) {
        if self.tasks.is_empty() || self.with(|world| world.trouble == 0) {
            return;
        }
        let index = self.with(|world| world.dice.index(self.tasks.len()));
        self.end(index, "crash");
    }

    /// One worker does nothing for longer than a lease, while the others go on.
    fn stand_still(&mut self) {
        let chosen = self.with(|world| {
            if self.tasks.is_empty() || world.trouble == 0 {
                return None;
            }
            let index = world.dice.index(self.tasks.len());
            world.faults.note("one worker stands still");
            Some((index, world.now + 25_000))
        });
        let Some((index, until)) = chosen else {
            return;
        };
        let task = &mut self.tasks[index];
        task.still_until = until;
        let id = task.id;
        self.with(|world| world.tell(id, || "STANDS STILL".to_owned()));
    }

    /// What operators do: look for stuck files and repair them, and redrive a dead letter.
    fn operate(&mut self) {
        if self.with(|world| world.dice.one_in(3)) {
            self.start(audit);
        } else {
            self.start(redrive);
        }
    }

    /// What they do about a stage.
    fn operate_a_stage(&mut self) {
        let hand = match self.with(|world| world.dice.pick(0..5)) {
            0..=1 => Hand::Pauses,
            2 => Hand::Resumes,
            _ => Hand::Closes,
        };
        self.start(move |sim| control_by_hand(sim, hand));
    }

    fn end(&mut self, index: usize, fault: &'static str) {
        let task = self.tasks.swap_remove(index).id;
        self.with(|world| {
            world.faults.note(fault);
            world.tell(task, || fault.to_uppercase());
            world.hit.insert(task);
            world.part_with(task);
            // What the dead task had sent out ends with it.
            let now = world.now;
            let calls = world.witness.calls.iter_mut();
            for seen in calls.filter(|seen| seen.task == task) {
                seen.call.until = seen.call.until.min(now);
            }
        });
    }

    fn poll(&mut self, turn: usize) {
        if self.tasks.is_empty() {
            return;
        }
        let chosen = self.with(|world| world.dice.index(self.tasks.len()));
        let index = (chosen + turn) % self.tasks.len();
        if self.tasks[index].until < self.with(|world| world.now) {
            self.end(index, "invocation timed out");
            return;
        }
        if self.tasks[index].still_until > self.with(|world| world.now) {
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = self.tasks[index].future.as_mut().poll(&mut context) {
            let task = self.tasks.swap_remove(index).id;
            self.with(|world| {
                world.part_with(task);
                world.witness.ended.insert(task, world.now);
            });
        }
    }

    fn receive(&mut self, turn: usize) {
        let (queue, messages) = self.with(|world| {
            let queue = (world.dice.index(PARKED) + turn) % PARKED;
            let most = if world.dice.one_in(2) { 1 } else { 3 };
            let mut messages = world.receive(queue, most);
            for message in &mut messages {
                if queue == DELIVERIES && world.is_broken(Break::AttemptNotCompared) {
                    world.forget_the_attempt(message);
                }
                if world.is_broken(Break::AcknowledgeFirst) {
                    world.delete(queue, message);
                }
            }
            (queue, messages)
        });
        if !messages.is_empty() {
            self.start(|sim| invocation::handle(sim, queue, messages));
        }
    }

    /// A worker with a clock of its own.
    fn start<F>(&mut self, work: impl FnOnce(Sim) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (id, skew, until, process) = self.with(|world| {
            let skew = world.dice.pick(0..=4000) - 2000;
            if skew.abs() > 1000 {
                world.faults.note("clock more than a second off");
            }
            let process = world.dice.index(world.processes.len());
            (world.new_id(), skew, world.now + LIFE, process)
        });
        let sim = Sim {
            world: Arc::clone(&self.world),
            task: id,
            skew,
            process: Some(process),
        };
        let future = Box::pin(work(sim));
        self.tasks.push(Task {
            id,
            until,
            still_until: 0,
            future,
        });
    }
}
