//! The database with what waits for it, shared by those who run jobs on it.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::error::cause;
use crate::health::Health;
use crate::store::{DEFER, Store};

/// Told once a job's changes are where they need to be, or why they are not.
type Waiter = oneshot::Sender<Result<(), Arc<str>>>;

/// Resolves once a job's changes are where they need to be.
pub(crate) type Committed = oneshot::Receiver<Result<(), Arc<str>>>;

/// What a job needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Its changes are on disk when it is answered.
    Flush,
    /// They are committed when it is answered, and come before whatever is written later.
    Write,
    /// It needs no transaction, but if one is open, it is told whether that was committed.
    Commit,
    /// It is answered at once.
    Nothing,
    /// It reads the tables of records or messages, into which all changes go before.
    Folded,
}

/// The database, and who waits for it.
pub(crate) struct Database {
    state: Mutex<State>,
    /// Whether it is in use for longer than a job in memory takes.
    is_busy: AtomicBool,
    pub(crate) health: Arc<Health>,
}

/// What is behind the lock.
pub(crate) struct State {
    pub(crate) store: Store,
    /// Of the jobs in the open transaction: those that wait for its flush, and those that wait for its commit.
    open: Vec<Waiter>,
    open_unflushed: Vec<Waiter>,
    /// Of those that were committed and are not flushed yet.
    committed: Vec<Waiter>,
    /// Since when anything is committed that is not flushed yet.
    unflushed_since: Option<Instant>,
    /// Whether the committer knows of the changes that need no flush.
    pub(crate) is_watched: bool,
    /// Why a flush failed. From then on nobody knows what is on disk, and all jobs fail.
    lost: Option<Arc<str>>,
    /// Whether no more jobs will come.
    pub(crate) is_ending: bool,
}

/// While this lives, whoever does not want to wait finds the database busy.
pub(crate) struct Busy<'a>(&'a AtomicBool);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Database {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            state: Mutex::new(State {
                store,
                open: Vec::new(),
                open_unflushed: Vec::new(),
                committed: Vec::new(),
                unflushed_since: None,
                is_watched: false,
                lost: None,
                is_ending: false,
            }),
            is_busy: AtomicBool::new(false),
            health: Arc::default(),
        }
    }

    /// Waits for the database. After a panic while it was in use nobody knows what is in memory, and whoever waits is told.
    pub(crate) fn enter(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.lock() {
            Ok(state) => Some(state),
            Err(poisoned) => {
                let cause = "webhook-stage panicked while it used the database";
                self.health.failed(cause);
                poisoned.into_inner().lose(&cause.into());
                None
            }
        }
    }

    /// Whether somebody has it for longer than a job in memory takes.
    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy.load(Ordering::Relaxed)
            && matches!(self.state.try_lock(), Err(TryLockError::WouldBlock))
    }

    /// For who has entered.
    pub(crate) fn busy(&self) -> Busy<'_> {
        self.is_busy.store(true, Ordering::Relaxed);
        Busy(&self.is_busy)
    }

    /// Makes the database ready for a job.
    pub(crate) fn prepare(&self, state: &mut State, needs: Needs) -> Result<(), Arc<str>> {
        if needs == Needs::Folded {
            self.commit(state);
        }
        if let Some(cause) = &state.lost {
            return Err(Arc::clone(cause));
        }
        let ready = match needs {
            Needs::Nothing | Needs::Commit => Ok(()),
            Needs::Flush | Needs::Write if state.store.is_in_transaction() => Ok(()),
            Needs::Flush | Needs::Write => state.store.begin(),
            Needs::Folded => state.store.fold_all(),
        };
        ready.map_err(|error| self.failed("start a transaction", &error))
    }

    /// Commits the open transaction, if there is one.
    pub(crate) fn commit(&self, state: &mut State) {
        if !state.store.is_in_transaction() {
            return;
        }
        match state.store.commit() {
            Ok(wrote) => {
                if wrote {
                    state.unflushed_since.get_or_insert_with(Instant::now);
                }
                state.committed.append(&mut state.open);
                answer(state.open_unflushed.drain(..), &Ok(()));
            }
            Err(error) => {
                let cause = self.failed("commit", &error);
                let refused = state.open.drain(..).chain(state.open_unflushed.drain(..));
                answer(refused, &Err(cause));
            }
        }
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, what: &str, error: &rusqlite::Error) -> Arc<str> {
        tracing::error!(%error, "the database cannot {what}");
        let cause = cause(error);
        self.health.failed(&cause);
        cause.into()
    }
}

impl State {
    /// Who did a job waits for what it needs. Returns that, and whether the committer must be told.
    pub(crate) fn join(&mut self, needs: Needs) -> (Option<Committed>, bool) {
        let among = match needs {
            Needs::Flush => Some(&mut self.open),
            Needs::Write => Some(&mut self.open_unflushed),
            Needs::Commit if self.store.is_in_transaction() => Some(&mut self.open_unflushed),
            Needs::Commit | Needs::Nothing | Needs::Folded => None,
        };
        if let Some(among) = among {
            let (waiter, committed) = oneshot::channel();
            among.push(waiter);
            let is_first = self.open.len() + self.open_unflushed.len() == 1;
            return (Some(committed), is_first);
        }
        let is_unwatched = !self.is_watched && self.may_wait().is_some();
        self.is_watched |= is_unwatched;
        (None, is_unwatched || !self.committed.is_empty())
    }

    /// Who waits for what was committed, and whether that is to be flushed now. If nobody waits, it has time, because
    /// somebody will soon.
    pub(crate) fn take_committed(&mut self) -> (Unflushed, bool) {
        let waiters = Unflushed(mem::take(&mut self.committed));
        let is_due = waiters.len() > 0 || self.is_ending || self.flush_in() == Some(Duration::ZERO);
        let since = self.unflushed_since.take_if(|_| is_due);
        (waiters, since.is_some())
    }

    /// How long the committer may wait for its next step, if it has one.
    pub(crate) fn may_wait(&self) -> Option<Duration> {
        let waits = [self.store.may_wait(), self.flush_in()];
        waits
            .into_iter()
            .flatten()
            .min()
            .filter(|_| self.lost.is_none())
    }

    fn flush_in(&self) -> Option<Duration> {
        let since = self.unflushed_since?;
        Some(DEFER.saturating_sub(since.elapsed()))
    }

    /// Nothing that is in memory can be relied on any more.
    pub(crate) fn lose(&mut self, cause: &Arc<str>) {
        self.store.roll_back();
        self.lost = Some(Arc::clone(cause));
        let waiters = self.open.drain(..).chain(self.open_unflushed.drain(..));
        let waiters = waiters.chain(self.committed.drain(..));
        answer(waiters, &Err(Arc::clone(cause)));
    }

    /// Whether [`lose`](Self::lose) was called.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }
}

/// Who waits for a flush.
pub(crate) struct Unflushed(Vec<Waiter>);

impl Unflushed {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn answer(self, result: &Result<(), Arc<str>>) {
        answer(self.0.into_iter(), result);
    }
}

fn answer(waiters: impl Iterator<Item = Waiter>, result: &Result<(), Arc<str>>) {
    for waiter in waiters {
        // The task may have been dropped while it waited.
        let _ = waiter.send(result.clone());
    }
}
