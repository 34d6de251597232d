//! The records, each write on condition of the one before.

use delivery::ports::{FileStates, PortError, WriteError};
use delivery::{FileKey, FileState, Reason, Status, Timestamp};

use super::Sim;
use crate::check::{longest, may_be_paused, written};
use crate::faults::Break;
use crate::world::World;

impl FileStates for Sim {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.effect("get", |world| {
            let now = world.now;
            let looked = world.witness.looked.entry((self.task, key.clone()));
            looked.or_insert(now);
            let stale = world.is_broken(Break::StaleReads);
            let before = world.before.get(key).filter(|_| stale).cloned();
            let mut found = before.or_else(|| world.states.get(key).cloned());
            let delivery = found.as_mut().and_then(|state| state.delivery.as_mut());
            if let Some(delivery) = delivery
                && world.is_broken(Break::AttemptNotCompared)
            {
                delivery.next_at = Timestamp::from_millis(0);
            }
            found
        })
        .await
    }

    async fn get_eventual(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.effect("get eventually", |world| {
            if world.dice.one_in(3) {
                world.faults.note("stale read of a record");
                return world.before.get(key).cloned();
            }
            world.states.get(key).cloned()
        })
        .await
    }

    fn snapshot(&self, state: &FileState) -> Option<String> {
        serde_json::to_string(state).ok()
    }

    fn restore(&self, key: &FileKey, snapshot: &str) -> Option<FileState> {
        let mut state: FileState = serde_json::from_str(snapshot).ok()?;
        let mut world = self.world();
        let now = world.now;
        let looked = world.witness.looked.entry((self.task, key.clone()));
        looked.or_insert(now);
        let is_stale = world.states.get(key) != Some(&state);
        if is_stale {
            world.faults.note("stale record in a message");
        }
        if let Some(delivery) = state.delivery.as_mut()
            && world.is_broken(Break::CallsAtLeg)
        {
            delivery.next_at = Timestamp::from_millis(0);
        }
        Some(state)
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let mut next = next.clone();
        if self.world().is_broken(Break::AnnouncesFirst) {
            self.world().announce_too_early(&next);
        }
        if self.world().is_broken(Break::ExitApart)
            && let Some(apart) = self.exit_alone(&next)
        {
            self.write(apart).await?;
            next.version += 1;
        }
        self.write(next).await?;
        let late = self.world().late.remove(&self.task);
        for visit in late.into_iter().flatten() {
            let kept = self.effect("visit", |world| world.keep(visit)).await;
            kept.map_err(WriteError::Port)?;
        }
        Ok(())
    }
}

impl Sim {
    async fn write(&self, next: FileState) -> Result<(), WriteError> {
        let written = self.effect("put", |world| world.put(next, self.task)).await;
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(found)) => Err(WriteError::Conflict(found)),
            Err(error) => Err(WriteError::Port(error)),
        }
    }

    /// The exit without the visit it opens.
    fn exit_alone(&self, next: &FileState) -> Option<FileState> {
        let world = self.world();
        let found = world.states.get(&next.key)?;
        let delivery = found.delivery.clone()?;
        let ends = next.delivery.as_ref()?;
        if ends.outcome.is_none() || delivery.outcome.is_some() || ends.moved_to.is_none() {
            return None;
        }
        let mut apart = next.clone();
        apart.visit = found.visit.clone();
        apart.status = Status::Waiting;
        Some(apart)
    }
}

impl World {
    fn put(&mut self, mut next: FileState, task: u64) -> Result<(), Option<Box<FileState>>> {
        self.all_as_answered(&mut next);
        if let Some(delivery) = next.delivery.as_mut() {
            if self.is_broken(Break::NoLease) {
                delivery.lease_until = None;
            }
            if self.is_broken(Break::ShortLease) && delivery.lease_until.is_some() {
                delivery.lease_until = Some(Timestamp::from_millis(self.now + 500));
            }
            if self.is_broken(Break::ForgetsAttempts) {
                delivery.attempts.clear();
            }
        }
        let found = self.states.get(&next.key).cloned();
        if self.is_broken(Break::ForgetsEnds) {
            forget_the_end(found.as_ref(), &mut next);
        }
        let fits = found.as_ref().map_or(0, |state| state.version) + 1 == next.version;
        if !fits && !self.is_broken(Break::UnconditionalWrites) {
            self.faults.note("conditional write refused");
            return Err(found.map(Box::new));
        }
        if let Some(found) = &found
            && is_put_off(found, &next)
        {
            self.put_off(&mut next, task);
        }
        if gave_up(&next) && !found.as_ref().is_some_and(gave_up) {
            self.faults.note("patience is used up");
        }
        written(found.as_ref(), &next, &mut self.witness.found);
        self.tell(task, || {
            let delivery = next.delivery.as_ref();
            let made = delivery.map(|d| (d.attempt, d.attempts.len(), d.outcome));
            let item = next.key.item_id.as_u128();
            format!(
                "writes file {item} v{} {:?} visit {} {made:?}",
                next.version, next.status, next.visit.id
            )
        });
        if let Some(found) = found {
            self.before.insert(next.key.clone(), found);
        }
        self.states.insert(next.key.clone(), next);
        self.look();
        Ok(())
    }
}

/// Whether the last attempt failed because the breaker was open for too long.
fn gave_up(state: &FileState) -> bool {
    let delivery = state.delivery.as_ref();
    let last = delivery.and_then(|delivery| delivery.attempts.last());
    last.is_some_and(|last| last.reason == Some(Reason::CircuitOpen))
}

/// Whether the write does nothing but make the due attempt wait.
fn is_put_off(found: &FileState, next: &FileState) -> bool {
    let (Some(old), Some(new)) = (&found.delivery, &next.delivery) else {
        return false;
    };
    old.delivery_id == new.delivery_id
        && new.outcome.is_none()
        && old.attempts.len() == new.attempts.len()
        && next.status == Status::Queued
        && new.next_at != old.next_at
}

impl World {
    /// Watches that the breaker puts off no longer than it may, and breaks what is to be broken.
    fn put_off(&mut self, next: &mut FileState, task: u64) {
        let (spends, forgets) = (
            self.is_broken(Break::PutOffSpendsAttempt),
            self.is_broken(Break::PatienceNeverEnds),
        );
        let Some(delivery) = next.delivery.as_mut() else {
            return;
        };
        if spends {
            delivery.attempt += 1;
        }
        if forgets {
            delivery.held_ms = 0;
        }
        let (id, stage_id, until) = (delivery.delivery_id, delivery.stage_id, delivery.next_at);
        self.muted.insert((task, id));
        let looked = self.witness.looked.get(&(task, next.key.clone()));
        let looked = looked.copied().unwrap_or(self.now);
        let Some(limits) = self.limits.get(&stage_id).copied() else {
            return;
        };
        // What a pause or a rate puts off may wait for ever.
        let held = &self.witness.held;
        if limits.interval.is_some() || may_be_paused(held, stage_id, looked, self.now) {
            return;
        }
        let calls = self.most_calls.get(&stage_id).copied().unwrap_or(1);
        let longest = longest(held, limits, calls, stage_id);
        // Less what the worker's clock may be wrong by.
        let wait = (until.as_millis() - self.now - 2_000).max(0);
        let waited = self.witness.waited.entry(id).or_default();
        *waited += wait;
        if *waited > i64::try_from(longest.as_millis()).unwrap() {
            let what = format!("{id}: put off for {waited} ms of {longest:?}");
            self.witness.found.add(12, what);
        }
    }
}

/// A break: a delivery that had ended is open again with the next write about its file.
fn forget_the_end(found: Option<&FileState>, next: &mut FileState) {
    let ended = found.and_then(|found| found.delivery.as_ref());
    let ended = ended.filter(|delivery| delivery.outcome.is_some());
    if let (Some(ended), Some(delivery)) = (ended, next.delivery.as_mut())
        && ended.delivery_id == delivery.delivery_id
    {
        (delivery.outcome, delivery.moved_to) = (None, None);
    }
}
