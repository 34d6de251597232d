//! The small world: one file, its commands, and what bounds it.

use std::collections::HashMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

use delivery::control::StageControl;
use delivery::{Assignment, Timestamp};
use uuid::Uuid;
use workflow::{Role, WebhookConfig, Workflow};

use super::bounds::Bounds;
use super::breaks::Break;
use super::control::Control;
use super::fact::Fact;
use super::observed::Observed;
use super::scenario::{self, Scene};
use super::worker::{At, Effect, Worker};
use super::world::{Body, History, Queue, World};
use super::{decide, worker};

pub(crate) struct Small {
    pub(crate) workflow: Workflow,
    pub(crate) commands: Vec<(Role, Assignment)>,
    pub(crate) bounds: Bounds,
    pub(crate) has_condition: bool,
    broken: Option<Break>,
    /// Decisions are pure: the same one is made once.
    decisions: RwLock<HashMap<Question, At>>,
    /// What has happened in some world: once is enough.
    happened: [AtomicBool; 42],
}

/// All that a decision depends on; the id is a new claim's.
type Question = (
    worker::Role,
    At,
    Option<Body>,
    Uuid,
    (Option<Control>, Option<Timestamp>, Option<bool>),
);

impl Small {
    pub(crate) fn new(scene: Scene, bounds: Bounds, broken: Option<Break>) -> Self {
        let commands = scene.commands.iter().enumerate();
        Self {
            workflow: scenario::workflow(&scene, bounds.has_control),
            commands: commands
                .map(|(number, command)| (command.0, scenario::assignment(number, command)))
                .collect(),
            bounds,
            has_condition: scene.has_condition,
            broken,
            decisions: RwLock::default(),
            happened: std::array::from_fn(|_| AtomicBool::new(false)),
        }
    }

    pub(crate) const fn broken(&self) -> Option<Break> {
        self.broken
    }

    pub(crate) fn is_broken(&self, what: Break) -> bool {
        self.broken == Some(what)
    }

    /// The stage as the workflow has it.
    pub(crate) fn config(&self, stage_id: Uuid) -> Option<&WebhookConfig> {
        self.workflow.stage(stage_id)?.webhook.as_ref()
    }

    /// Looks for what must happen somewhere, until it has been found.
    pub(crate) fn once(&self, number: usize, happens: impl Fn() -> bool) -> bool {
        let happened = &self.happened[number];
        if happened.load(Ordering::Relaxed) || !happens() {
            return false;
        }
        happened.store(true, Ordering::Relaxed);
        true
    }

    /// All commands are given; the queue may bring them in any order, and any time later.
    pub(crate) fn beginning(&self) -> World {
        let mut world = World {
            record: None,
            messages: Vec::new(),
            workers: Vec::new(),
            history: History::default(),
            observed: Observed::default(),
            left: self.bounds.faults,
            control: self
                .bounds
                .has_control
                .then(|| Fact::new(StageControl::default())),
            old_control: None,
            other_probes: false,
        };
        for (_, command) in &self.commands {
            let body = Body::assignment(command.clone());
            world.post(Queue::Assignments, body, false);
        }
        world.in_order()
    }

    /// The worker with all decided that it can decide by itself: its next step is an effect.
    pub(crate) fn settled(&self, world: &World, worker: &Worker) -> Worker {
        let is_open = matches!(worker.at, At::Read(_) | At::Asked(..) | At::Claimed(_))
            || matches!(worker.at, At::Answered(..));
        if !is_open {
            return worker.clone();
        }
        let claim_id = if worker.role == worker::Role::Sender && !self.is_broken(Break::SameClaimId)
        {
            unused_id(world)
        } else {
            Uuid::nil()
        };
        let body = worker.body().cloned();
        let gate = (worker.control.clone(), worker.reserved, worker.is_wanted);
        let question = (worker.role, worker.at.clone(), body, claim_id, gate);
        let known = self.decisions.read().unwrap().get(&question).cloned();
        let at = known.unwrap_or_else(|| {
            let at = self.decide(&question);
            self.decisions.write().unwrap().insert(question, at.clone());
            at
        });
        Worker {
            at,
            ..worker.clone()
        }
    }

    fn decide(&self, (role, at, body, claim_id, gate): &Question) -> At {
        let (record, heard) = match at {
            At::Read(record) => (record.as_ref(), &None),
            At::Asked(record, heard) => (record.as_ref(), heard),
            At::Claimed(record) if !decide::may_call(self, record) => {
                return At::Doing(vec![Effect::Return]);
            }
            At::Answered(record, status) => match body {
                Some(Body::Delivery(message)) => {
                    return decide::record(self, message, record, *status, gate.0.as_ref());
                }
                _ => return at.clone(),
            },
            _ => return at.clone(),
        };
        match (role, body) {
            (worker::Role::Audit, _) => decide::audit(record),
            (worker::Role::DeadLetter, Some(body)) => decide::bury(self, body, record, heard),
            (_, Some(Body::Assignment(assignment, _))) => {
                decide::dispatch(self, assignment, record, heard, gate.0.as_ref())
            }
            (_, Some(Body::Delivery(message))) => {
                decide::send(self, message, record, heard, *claim_id, gate)
            }
            _ => at.clone(),
        }
    }
}

/// A claim id that nothing in this world still refers to.
fn unused_id(world: &World) -> Uuid {
    let held = world.workers.iter().flat_map(Worker::records);
    let records = world.record.iter().chain(held);
    let used: Vec<Uuid> = records
        .filter_map(|record| record.delivery.as_ref()?.claim_id)
        .collect();
    (1..)
        .map(Uuid::from_u128)
        .find(|id| !used.contains(id))
        .unwrap()
}
