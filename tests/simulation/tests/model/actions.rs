//! What can happen next in a world: a worker's step, a fault, or the passing of time.

use delivery::machine::next_leg;
use stateright::{Model, Property};

use super::breaks::Break;
use super::clock::{NOW, Passed};
use super::control::Other;
use super::faults::{pass, struck};
use super::properties;
use super::small::Small;
use super::worker::{At, Role, Worker};
use super::world::{Body, Message, Queue, Record, World};

/// Messages and workers are named by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Receive(usize),
    /// Its sender has an old copy of the stage's control record.
    ReceiveStale(usize),
    /// Somebody else changes the stage's control record.
    Other(Other),
    Step(usize),
    Answer(usize, u16),
    Audit,
    Crash(usize),
    /// The effect is there, and the worker takes it for failed: its message goes back.
    Lost(usize),
    /// The effect is there, and the engine does it again.
    Repeated(usize),
    Duplicate(usize),
    DuplicateInFlight(usize),
    Pass(Passed),
    /// A lease passes while the workers stand still; those named by a bit had decided before.
    StandStill(u8),
}

impl Model for Small {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.beginning()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.ordinary(world, actions);
        self.faults(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Receive(index) => self.receive(&mut next, index, false),
            Action::ReceiveStale(index) => {
                next.left.stale -= 1;
                self.receive(&mut next, index, true);
                next.old_control = next.old_control.filter(|_| next.left.stale > 0);
            }
            Action::Other(by) => self.act(&mut next, by),
            Action::Step(index) => self.step(&mut next, index, 0),
            Action::Answer(index, status) => self.step(&mut next, index, status),
            Action::Audit => {
                next.left.audits -= 1;
                let audit = Worker::new(Role::Audit, None, next.record.clone());
                next.workers.push(audit);
            }
            Action::Crash(index) => {
                next.left.crashes -= 1;
                let worker = next.workers.remove(index);
                struck(&mut next, worker);
            }
            Action::Lost(index) => {
                next.left.lost -= 1;
                let worker = next.workers.remove(index);
                let worker = self.settled(&next, &worker);
                if let Some(worker) = self.perform(&mut next, worker, 0) {
                    struck(&mut next, worker);
                }
            }
            Action::Repeated(index) => {
                next.left.lost -= 1;
                let worker = next.workers.remove(index);
                let worker = self.settled(&next, &worker);
                let _ = self.perform(&mut next, worker.clone(), 0);
                next.workers.push(worker);
            }
            Action::Duplicate(index) => {
                next.left.duplicates -= 1;
                let copy = next.messages[index].clone();
                next.messages.push(copy);
            }
            Action::DuplicateInFlight(index) => {
                next.left.duplicates -= 1;
                let copy = next.workers[index].message.clone();
                next.messages.extend(copy);
            }
            Action::Pass(passed) => pass(&mut next, passed),
            Action::StandStill(decided) => self.stand_still(&mut next, decided),
        }
        Some(next.in_order())
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl Small {
    fn ordinary(&self, world: &World, actions: &mut Vec<Action>) {
        for (index, message) in world.messages.iter().enumerate() {
            let is_repeated = index > 0 && world.messages[index - 1] == *message;
            if !message.is_delayed && !is_repeated && self.has_free(world, message) {
                actions.push(Action::Receive(index));
                if world.old_control.is_some() && message.queue == Queue::Deliveries {
                    actions.push(Action::ReceiveStale(index));
                }
            }
        }
        for (index, worker) in world.workers.iter().enumerate() {
            if self.has_condition && matches!(self.settled(world, worker).at, At::Wanting(_)) {
                actions.extend([0, 1].map(|holds| Action::Answer(index, holds)));
            } else if matches!(worker.at, At::Calling(_)) {
                let answers = self.bounds.answers.iter();
                actions.extend(answers.map(|status| Action::Answer(index, *status)));
            } else {
                actions.push(Action::Step(index));
            }
        }
        actions.extend(self.others(world).into_iter().map(Action::Other));
        let delivery = world.record.as_ref().and_then(|r| r.delivery.as_ref());
        let is_paused = world.control.as_ref().is_some_and(|c| c.pause.is_some());
        let is_delayed = world.messages.iter().any(|message| message.is_delayed)
            || delivery.is_some_and(|d| d.next_at > NOW);
        // A pause ends before a delivery is put off by it for the second time, or it would be for ever.
        if is_delayed && !is_paused {
            actions.push(Action::Pass(Passed::Delay));
        }
        let is_leased = delivery.is_some_and(|d| d.lease_until.is_some_and(|until| until >= NOW))
            || world.observed.calls.values().any(|calls| calls.open > 0);
        let is_probing = world.other_probes;
        if (is_leased || is_probing) && world.workers.is_empty() && !is_paused {
            actions.push(Action::Pass(Passed::Lease));
        }
    }

    fn has_free(&self, world: &World, message: &Message) -> bool {
        let role = role_for(message.queue);
        let busy = world.workers.iter().filter(|worker| worker.role == role);
        let most = match role {
            Role::Dispatcher => self.bounds.dispatchers,
            Role::Sender => self.bounds.senders,
            Role::DeadLetter | Role::Audit => self.bounds.dead_letters,
        };
        busy.count() < most
    }

    /// A message received too often goes to the dead letters instead.
    fn receive(&self, world: &mut World, index: usize, is_stale: bool) {
        let mut message = world.messages.remove(index);
        if message.queue == Queue::Dead {
            let worker = Worker::new(Role::DeadLetter, Some(message), world.record.clone());
            world.workers.push(worker);
            return;
        }
        if message.receives >= self.bounds.max_receives {
            if !self.is_broken(Break::DropsDeadLetters) {
                world.post(Queue::Dead, message.body, false);
            }
            return;
        }
        message.receives += 1;
        let role = role_for(message.queue);
        let record = leg_of(&message).or_else(|| world.record.clone());
        let mut worker = Worker::new(role, Some(message), record);
        worker = worker.reads(world, is_stale);
        worker.is_superseded = self.is_broken(Break::AcknowledgesFirst);
        world.workers.push(worker);
    }

    fn step(&self, world: &mut World, index: usize, status: u16) {
        let worker = world.workers.remove(index);
        let settled = self.settled(world, &worker);
        let after = self.perform(world, settled, status);
        world.workers.extend(after);
    }
}

/// The record that a message has, if it only has to be sent on: then its sender reads nothing. A message that comes again
/// is not believed.
fn leg_of(message: &Message) -> Option<Record> {
    let Body::Delivery(delivery) = &message.body else {
        return None;
    };
    let seen = message.seen.as_ref().filter(|_| message.receives == 1)?;
    next_leg(delivery, seen, NOW).map(|_| seen.clone())
}

const fn role_for(queue: Queue) -> Role {
    match queue {
        Queue::Assignments => Role::Dispatcher,
        Queue::Deliveries => Role::Sender,
        Queue::Dead => Role::DeadLetter,
    }
}
