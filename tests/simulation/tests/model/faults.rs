//! What can go wrong, and the passing of time.

use delivery::FileState;

use super::actions::Action;
use super::clock::{Passed, aged};
use super::control::control_aged;
use super::effects::{is_unseen, release};
use super::small::Small;
use super::worker::{At, Effect, Worker};
use super::world::World;

impl Small {
    pub(crate) fn faults(&self, world: &World, actions: &mut Vec<Action>) {
        let left = world.left;
        let is_unfinished = |record: &FileState| !record.status.is_at_rest();
        if left.audits > 0 && world.record.as_deref().is_some_and(is_unfinished) {
            actions.push(Action::Audit);
        }
        for (index, worker) in world.workers.iter().enumerate() {
            if left.crashes > 0 {
                actions.push(Action::Crash(index));
            }
            if left.lost > 0 && can_be_lost(&self.settled(world, worker).at) {
                actions.push(Action::Lost(index));
                actions.push(Action::Repeated(index));
            }
            if left.duplicates > 0 && worker.message.is_some() && !worker.is_superseded {
                actions.push(Action::DuplicateInFlight(index));
            }
        }
        if left.duplicates > 0 {
            actions.extend((0..world.messages.len()).map(Action::Duplicate));
        }
        // A call ends before its lease does: its deadline sees to that.
        let is_calling = |worker: &Worker| matches!(worker.at, At::Calling(_));
        let busy = world.workers.len();
        if busy > 0
            && busy <= usize::from(left.standstills)
            && !world.workers.iter().any(is_calling)
        {
            actions.extend((0..1_u8 << busy).map(Action::StandStill));
        }
    }

    pub(crate) fn stand_still(&self, world: &mut World, decided: u8) {
        for index in 0..world.workers.len() {
            world.left.standstills -= 1;
            if decided >> index & 1 == 1 {
                world.workers[index] = self.settled(world, &world.workers[index]);
            }
            let worker = &mut world.workers[index];
            if let Some(call) = worker.call.take() {
                world.observed.excused(call);
            }
            if !worker.is_superseded {
                world.messages.extend(worker.message.clone());
                worker.is_superseded = true;
            }
        }
        pass(world, Passed::Lease);
    }
}

/// A worker that dies without acknowledging its message.
pub(crate) fn struck(world: &mut World, worker: Worker) {
    if let Some(call) = worker.call {
        world.observed.excused(call);
    }
    release(world, worker);
}

fn can_be_lost(at: &At) -> bool {
    let first = match at {
        At::Claiming(_) | At::Failing(_) | At::Probing(..) | At::Reserving(..) => return true,
        At::Doing(effects) => effects.iter().find(|effect| !is_unseen(effect)),
        _ => None,
    };
    matches!(first, Some(Effect::Write(..) | Effect::Send { .. }))
}

pub(crate) fn pass(world: &mut World, passed: Passed) {
    for message in &mut world.messages {
        message.is_delayed = false;
        message.seen = message.seen.as_ref().map(|seen| aged(seen, passed));
    }
    world.record = world.record.as_ref().map(|record| aged(record, passed));
    let workers = std::mem::take(&mut world.workers);
    world.workers = workers.into_iter().map(|w| w.aged(passed)).collect();
    world.control = world
        .control
        .as_ref()
        .map(|control| control_aged(control, passed));
    world.old_control = world
        .old_control
        .as_ref()
        .map(|control| control_aged(control, passed));
    if passed == Passed::Lease {
        world.other_probes = false;
        world.observed.deadline();
    }
}
