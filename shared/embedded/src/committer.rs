use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::database::Database;

/// The thread that commits and flushes. Jobs go on while it flushes, and share the next commit: the more of them there are,
/// the more share one.
pub(crate) struct Committer {
    thread: Option<JoinHandle<()>>,
    waker: Thread,
}

impl Committer {
    pub(crate) fn start(
        database: Arc<Database>,
        flush: impl Fn() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let thread = thread::Builder::new()
            .name("webhook-stage-commit".to_owned())
            .spawn(move || {
                while let Some(next) = step(&database, &flush) {
                    match next {
                        Next::Again => {}
                        Next::Wait(None) => thread::park(),
                        Next::Wait(Some(wait)) => thread::park_timeout(wait),
                    }
                }
            })?;
        let waker = thread.thread().clone();
        Ok(Self {
            thread: Some(thread),
            waker,
        })
    }

    /// To unpark when there is something to do.
    pub(crate) fn waker(&self) -> &Thread {
        &self.waker
    }

    /// Waits until all is on disk; the database must have been told that it is ending.
    pub(crate) fn end(&mut self) {
        self.waker.unpark();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

enum Next {
    Again,
    Wait(Option<Duration>),
}

/// How many must have waited for a commit for the next one to be put off: so many come at once, and gain by sharing more
/// than they lose by waiting.
const MANY: usize = 8;

/// How long two commits are apart then, unless flushing takes longer.
const GATHER: Duration = Duration::from_micros(500);

/// Commits and flushes what there is. None if no more will come.
fn step(database: &Database, flush: &impl Fn() -> io::Result<()>) -> Option<Next> {
    let mut state = database.enter()?;
    let busy = database.busy();
    database.commit(&mut state);
    drop(busy);
    let (waiters, is_due) = state.take_committed();
    if is_due || waiters.len() > 0 {
        drop(state);
        let began = Instant::now();
        let flushed = if is_due {
            flushed(database, flush)
        } else {
            Ok(())
        };
        let are_many = waiters.len() >= MANY;
        waiters.answer(&flushed);
        if are_many {
            thread::sleep(GATHER.saturating_sub(began.elapsed()));
        }
        return Some(Next::Again);
    }
    if state.is_ending {
        if !state.is_lost()
            && let Err(error) = state.store.fold_all()
        {
            tracing::error!(%error, "the journal is left to the next process");
        }
        return None;
    }
    let wait = state.may_wait();
    state.is_watched = wait.is_some();
    if wait != Some(Duration::ZERO) {
        return Some(Next::Wait(wait));
    }
    match state.store.write_unflushed() {
        Ok(()) => Some(Next::Again),
        Err(error) => {
            database.failed("write", &error);
            // With the next commit, then.
            Some(Next::Wait(None))
        }
    }
}

/// A flush that fails is the last one: the system has given up the pages that it could not write, so a later flush would
/// succeed without them.
fn flushed(database: &Database, flush: &impl Fn() -> io::Result<()>) -> Result<(), Arc<str>> {
    let Err(error) = flush() else {
        database.health.wrote();
        return Ok(());
    };
    tracing::error!(%error, "the database cannot flush its log");
    let cause: Arc<str> = format!(
        "the disk cannot be written ({error}): look after it, and run the same command again"
    )
    .into();
    database.health.failed(&cause);
    if let Some(mut state) = database.enter() {
        state.lose(&cause);
    }
    Err(cause)
}
