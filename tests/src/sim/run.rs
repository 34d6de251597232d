//! One world from its seed to its rest.

use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use delivery::ports::Clock;
use fastrand::Rng;
use lambda_runtime::LambdaEvent;
use sender::Settings;

use super::check::Checker;
use super::faults::{Break, Faults};
use super::ports::{Shared, Sim};
use super::scenario;
use super::world::{ASSIGNMENTS, ASSIGNMENTS_DLQ, DELIVERIES, Message, PARKED, World};

/// Steps after which a world that should have come to rest has not.
const PATIENCE: usize = 60_000;

/// What became of one world.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub violations: Vec<String>,
    pub faults: Faults,
    pub calls: usize,
    pub files: usize,
    pub deliveries: usize,
    pub trace: Vec<String>,
}

/// Runs the world of a seed.
#[must_use]
pub fn simulate(seed: u64) -> Report {
    simulate_broken(seed, None)
}

/// Runs the world of a seed with a deliberate break.
#[must_use]
pub fn simulate_broken(seed: u64, broken: Option<Break>) -> Report {
    let mut rng = Rng::with_seed(seed ^ 0x5eed);
    let workflow = scenario::workflow(&mut rng);
    let world = Arc::new(Mutex::new(World::new(seed, workflow, broken)));
    let mut run = Run {
        world,
        tasks: Vec::new(),
    };
    run.storm();
    run.calm();
    let mut world = run.world.lock().unwrap();
    Checker::finish(&mut world);
    Report {
        seed,
        violations: std::mem::take(&mut world.checker.violations),
        faults: world.faults.clone(),
        calls: world.checker.calls.len(),
        files: world.states.len(),
        deliveries: world.visits.len() + world.states.len(),
        trace: std::mem::take(&mut world.trace),
    }
}

/// How long an invocation lives: Lambda ends it then, long before its messages come again.
const LIFE: i64 = 60_000;

struct Task {
    id: u64,
    until: i64,
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
        let mut to_assign = self.with(|world| world.rng.usize(1..6));
        let steps = self.with(|world| world.rng.usize(50..400));
        for _ in 0..steps {
            match self.with(|world| world.rng.u32(0..100)) {
                0..=4 if to_assign > 0 => {
                    to_assign -= 1;
                    self.with(scenario::assign);
                }
                5..=24 => self.receive(),
                25..=26 => self.crash(),
                27..=28 => self.with(World::duplicate),
                29..=38 => self.pass_time(),
                _ => self.poll(),
            }
        }
        for _ in 0..to_assign {
            self.with(scenario::assign);
        }
    }

    /// Nothing goes wrong any more; all work must come to its end.
    fn calm(&mut self) {
        self.with(|world| world.trouble = 0);
        for _ in 0..PATIENCE {
            if self.tasks.is_empty() && self.with(|world| world.is_drained()) {
                return;
            }
            self.receive();
            for _ in 0..4 {
                self.poll();
            }
            if self.with(|world| world.rng.u32(0..4) == 0) {
                self.pass_time();
            }
        }
        self.with(|world| {
            world
                .checker
                .violation(3, "the world does not come to rest".to_owned())
        });
    }

    /// Mostly a little; while nobody works, to the next message; now and then so much at once that a
    /// task stands still for longer than its lease.
    fn pass_time(&mut self) {
        let is_quiet = self.tasks.is_empty();
        self.with(|world| {
            let small = world.rng.i64(1..4000);
            let step = match (world.next_due(), world.rng.u32(0..50)) {
                (Some(due), 0..=24) if is_quiet => due - world.now,
                (_, 49) if world.trouble > 0 => {
                    world.faults.note("standstill beyond the lease");
                    25_000
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
        let index = self.with(|world| world.rng.usize(0..self.tasks.len()));
        self.end(index, "crash");
    }

    fn end(&mut self, index: usize, fault: &'static str) {
        let task = self.tasks.swap_remove(index).id;
        self.with(|world| {
            world.faults.note(fault);
            world.tell(task, || fault.to_uppercase());
            world.hit.insert(task);
            // What the dead task had sent out ends with it.
            let now = world.now;
            for call in world
                .checker
                .calls
                .iter_mut()
                .filter(|call| call.task == task)
            {
                call.until = call.until.min(now);
            }
        });
    }

    fn poll(&mut self) {
        if self.tasks.is_empty() {
            return;
        }
        let index = self.with(|world| world.rng.usize(0..self.tasks.len()));
        if self.tasks[index].until < self.with(|world| world.now) {
            self.end(index, "invocation timed out");
            return;
        }
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(()) = self.tasks[index].future.as_mut().poll(&mut context) {
            let task = self.tasks.swap_remove(index).id;
            self.with(|world| world.checker.ended.insert(task, world.now));
        }
    }

    fn receive(&mut self) {
        let (queue, messages, task, skew) = self.with(|world| {
            let queue = world.rng.usize(0..PARKED);
            let most = if world.rng.bool() { 1 } else { 3 };
            let messages = world.receive(queue, most);
            if world.is_broken(Break::AcknowledgeFirst) {
                for message in &messages {
                    world.delete(queue, message);
                }
            }
            (queue, messages, world.new_id(), world.rng.i64(-2000..=2000))
        });
        if !messages.is_empty() {
            for message in &messages {
                self.with(|world| {
                    world.tell(task, || {
                        format!("receives {} from {queue}: {}", message.id, message.body)
                    });
                });
            }
            let sim = Sim {
                world: Arc::clone(&self.world),
                task,
                skew,
            };
            let until = self.with(|world| world.now) + LIFE;
            let future = Box::pin(invoke(sim, queue, messages));
            self.tasks.push(Task {
                id: task,
                until,
                future,
            });
        }
    }
}

/// What the event source mapping does.
async fn invoke(sim: Sim, queue: usize, messages: Vec<Message>) {
    let mut event = SqsEvent::default();
    event.records = messages
        .iter()
        .map(|message| record(queue, message))
        .collect();
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(sim.now().as_millis() + LIFE).unwrap();
    let event = LambdaEvent::new(event, context);
    let settings = Settings {
        longest_call: Duration::from_secs(30),
        ..Settings::default()
    };
    let answer = match queue {
        ASSIGNMENTS => dispatcher::handle(&sim, event).await,
        DELIVERIES => sender::handle(&sim, &settings, event).await,
        _ => dead_letter::handle(&sim, event).await,
    };
    let failed: HashSet<String> = answer
        .unwrap()
        .batch_item_failures
        .into_iter()
        .map(|f| f.item_identifier)
        .collect();
    let mut world = sim.world.lock().unwrap();
    for message in &messages {
        let keeps = failed.contains(&message.id.to_string())
            && !world.is_broken(Break::AcknowledgeFailures);
        // An acknowledgement may get lost on its way too: the message comes again.
        if !keeps && !world.strikes(sim.task, "delete lost") {
            world.tell(sim.task, || format!("acknowledges {}", message.id));
            world.delete(queue, message);
        }
    }
}

fn record(queue: usize, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.id.to_string());
    record.body = Some(message.body.clone());
    let name = if queue == ASSIGNMENTS || queue == ASSIGNMENTS_DLQ {
        "assignments"
    } else {
        "deliveries"
    };
    record.event_source_arn = Some(format!("arn:aws:sqs:local:000000000000:{name}"));
    record
}
