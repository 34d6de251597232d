//! A worker's next effect on the world.

use std::time::Duration;

use delivery::machine::OnConflict;
use delivery::{Delivery, Task};
use uuid::Uuid;

use super::breaks::Break;
use super::clock::NOW;
use super::observed::Wrong;
use super::scenario;
use super::small::Small;
use super::worker::{At, Effect, Worker};
use super::world::{Body, Queue, Record, World};

/// A call that is this much early is made on time: a queue counts whole seconds.
const EARLY: Duration = Duration::from_secs(2);

/// Writers that may get in between before a message is left for later: the use-cases' own number.
const MAX_CONFLICTS: u8 = 4;

impl Small {
    /// Does the one effect that the worker is about to have, and gives it back unless it is done.
    /// `answer` is the receiver's, if the worker is in its call.
    pub(crate) fn perform(
        &self,
        world: &mut World,
        mut worker: Worker,
        answer: u16,
    ) -> Option<Worker> {
        worker.at = match std::mem::replace(&mut worker.at, At::Read(None)) {
            At::Asking(record, visit) => {
                let kept = world.history.visits.get(&visit);
                At::Asked(record, Some(kept.map(|kept| kept.end.clone())))
            }
            At::Wanting(record) => {
                worker.is_wanted = Some(answer > 0);
                At::Read(Some(record))
            }
            At::Claiming(next) => match self.write(world, &next) {
                Ok(()) => At::Claimed(next),
                Err(found) => lost_to(found, &mut worker, OnConflict::DecideAgain),
            },
            At::Failing(next) => match self.write(world, &next) {
                Ok(()) => At::Answered(next, 0),
                Err(found) => lost_to(found, &mut worker, OnConflict::DecideAgain),
            },
            At::Probing(record, next) => {
                if let Err(found) = self.write_control(world, Some(&mut worker), &next) {
                    let believes = self.is_broken(Break::ProbesAnyway);
                    worker.control = Some(if believes { next } else { found });
                }
                At::Read(Some(record))
            }
            At::Reserving(record, next, reserved) => {
                match self.write_control(world, Some(&mut worker), &next) {
                    Ok(()) => worker.reserved = Some(reserved),
                    Err(found) => worker.control = Some(found),
                }
                At::Read(Some(record))
            }
            At::Claimed(record) => {
                let call = worker.body().and_then(|body| match body {
                    Body::Delivery(message) => called(message),
                    Body::Assignment(..) => None,
                });
                if let Some(call) = call {
                    self.watch_call(world, &worker);
                    let is_known = record.delivery.as_ref().is_some_and(|d| d.is_wanted);
                    if worker.is_wanted == Some(false) && !is_known
                        || self.has_condition
                            && worker.is_wanted.is_none()
                            && !is_known
                            && is_of_a(&record)
                    {
                        world.observed.wrong.insert(Wrong::Unwanted);
                    }
                    let planned = record.delivery.as_ref().map(|open| open.next_at);
                    if planned.is_some_and(|at| at > NOW.plus(EARLY)) {
                        world.observed.wrong.insert(Wrong::TooSoon);
                    }
                    world.observed.began(call);
                    worker.call = Some(call);
                }
                At::Calling(record)
            }
            At::Calling(record) => {
                if let Some(call) = worker.call {
                    world.observed.answered(call, answer);
                }
                At::Answered(record, answer)
            }
            At::Doing(effects) => return self.do_first(world, worker, effects),
            decided @ (At::Read(_) | At::Asked(..) | At::Answered(..)) => decided,
        };
        Some(worker)
    }

    fn do_first(
        &self,
        world: &mut World,
        mut worker: Worker,
        mut effects: Vec<Effect>,
    ) -> Option<Worker> {
        if effects.is_empty() {
            return None;
        }
        let first = effects.remove(0);
        let is_unseen = is_unseen(&first);
        match first {
            Effect::KeepVisit(visit) if !self.is_broken(Break::ForgetsVisits) => {
                world.history.keep(&visit);
            }
            Effect::KeepVisit(_) => {}
            Effect::KeepAttempt(delivery, attempt) => {
                world.history.attempts.insert((delivery, attempt));
            }
            Effect::KeepRejection(assignment) => {
                world.history.rejections.insert(assignment);
            }
            Effect::Announce(end) => world.observed.announced(&end),
            Effect::Send {
                queue,
                body,
                is_delayed,
                seen,
            } => {
                let is_lost = queue == Queue::Deliveries && self.is_broken(Break::LosesDeliveries);
                if seen.is_some() && !is_delayed {
                    world.observed.wrong.insert(Wrong::Busy);
                }
                if !is_lost {
                    world.post_leg(queue, body, is_delayed, seen);
                }
            }
            Effect::Learn(status) => self.learn(world, &mut worker, status),
            Effect::Park => {
                world.history.parked.extend(worker.body().map(Body::visit));
            }
            Effect::Write(next, on_conflict) => {
                let copy = worker.control.as_deref();
                world.observed.is_open =
                    copy.is_some_and(|copy| copy.pause.is_none() && copy.outage.is_some());
                let written = self.write(world, &next);
                world.observed.is_open = false;
                if let Err(found) = written {
                    worker.at = lost_to(found, &mut worker, on_conflict);
                    return Some(worker);
                }
            }
            Effect::Acknowledge => return None,
            Effect::Return => {
                if !self.is_broken(Break::AcknowledgesFailures) {
                    release(world, worker);
                }
                return None;
            }
        }
        if is_unseen {
            return self.do_first(world, worker, effects);
        }
        worker.at = At::Doing(effects);
        Some(worker)
    }

    /// The conditional write, as `usecase::write` understands its answer.
    fn write(&self, world: &mut World, next: &Record) -> Result<(), Option<Record>> {
        let version = world.record.as_ref().map_or(0, |record| record.version);
        if version + 1 != next.version && !self.is_broken(Break::UnconditionalWrites) {
            // An engine that retries by itself meets its own first write.
            return match world.record.clone() {
                Some(found) if found == *next => Ok(()),
                found => Err(found),
            };
        }
        let before = world.record.replace(next.clone());
        world
            .observed
            .wrote(before.as_deref(), next, &mut world.history);
        Ok(())
    }
}

/// Effects that no worker observes, and that do no harm if the next effect is lost: each is done, or lost, in
/// one step with the next.
pub(crate) const fn is_unseen(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::KeepAttempt(..) | Effect::KeepRejection(_) | Effect::Announce(_) | Effect::Park
    )
}

/// The call that a message asks for: delivery and attempt.
fn called(message: &Delivery) -> Option<(Uuid, u32)> {
    match message.task {
        Task::Attempt(attempt) => Some((message.delivery_id, attempt)),
        Task::Check {} => None,
    }
}

fn is_of_a(record: &Record) -> bool {
    record.visit.stage_id == scenario::id("A")
}

/// The message is there again: nobody has acknowledged it.
pub(crate) fn release(world: &mut World, worker: Worker) {
    if let Some(message) = worker.message
        && !worker.is_superseded
    {
        world.messages.push(message);
    }
}

fn lost_to(found: Option<Record>, worker: &mut Worker, on_conflict: OnConflict) -> At {
    worker.conflicts += 1;
    if on_conflict == OnConflict::GiveUp || worker.conflicts >= MAX_CONFLICTS {
        return At::Doing(vec![Effect::Return]);
    }
    At::Read(found)
}
