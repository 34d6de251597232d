use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};

use delivery::ports::{PortError, PortErrorKind};
use tokio::sync::oneshot;

use crate::error::{cause, is_of_the_disk, port_error};
use crate::health::Health;
use crate::store::Store;

/// The most jobs in one commit. With more, the first of them would only wait longer.
const BATCH: usize = 1024;

/// Answers the task that waits for a job, given the result of the commit.
type Reply = Box<dyn FnOnce(Result<(), &str>) + Send>;
/// Does the work, or is called with the reason why it could not be begun.
type Act = Box<dyn FnOnce(Result<&mut Store, &str>) -> Reply + Send>;

/// What a job needs of the thread.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Its changes are on disk when it is answered.
    Flush,
    /// It reads, or changes what a crash may undo.
    Nothing,
    /// It reads the tables of records or messages, into which all changes go before.
    Folded,
}

struct Job {
    act: Act,
    needs: Needs,
}

/// The thread that owns the database. It takes all the jobs that came up while it was writing, does them in one
/// transaction, commits once, and only then answers. Jobs that need no flush are answered at once, unless one that does
/// came before them.
pub(crate) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    health: Arc<Health>,
    thread: Option<JoinHandle<()>>,
}

/// Waits until the thread has finished its jobs and closed the database, because only then can another process
/// open the directory.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

impl Writer {
    /// Starts the thread, which ends when this is dropped.
    pub(crate) fn start(store: Store) -> std::io::Result<Self> {
        let (jobs, receiver) = mpsc::channel();
        let health = Arc::new(Health::default());
        let worker = Worker {
            store,
            replies: Vec::new(),
            health: Arc::clone(&health),
        };
        let thread = thread::Builder::new()
            .name("webhook-stage-db".to_owned())
            .spawn(move || worker.work(&receiver))?;
        Ok(Self {
            jobs: Some(jobs),
            health,
            thread: Some(thread),
        })
    }

    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// Runs `job` in the next commit, and returns its result once that is on disk.
    ///
    /// A job must do its writes in one statement, or in statements that may take effect separately: a statement
    /// that fails is rolled back, but not those before it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, Needs::Flush, job).await
    }

    /// The same for reads, and for receiving, deleting and releasing messages. These are on disk with the next commit,
    /// or within 5 ms; a crash before that undoes them, which does no harm.
    pub(crate) async fn run_unflushed<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, Needs::Nothing, job).await
    }

    /// The same for reads of the tables of records and messages.
    pub(crate) async fn run_folded<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, Needs::Folded, job).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        what: &'static str,
        needs: Needs,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, answered) = oneshot::channel();
        let unavailable = move |cause: &str| {
            PortError::caused(PortErrorKind::Unavailable, what, cause.to_owned())
        };
        let health = Arc::clone(&self.health);
        let act: Act = Box::new(move |store| {
            let result = match store {
                Ok(store) => job(store).map_err(|error| {
                    if is_of_the_disk(&error) {
                        health.failed(&cause(&error));
                    }
                    port_error(what, error)
                }),
                Err(cause) => Err(unavailable(cause)),
            };
            Box::new(move |committed: Result<(), &str>| {
                let result = result.and_then(|done| committed.map(|()| done).map_err(unavailable));
                // The task may have been dropped while it waited.
                let _ = answer.send(result);
            })
        });
        let stopped = || PortError::new(PortErrorKind::Unavailable, what);
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Job { act, needs }).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

struct Worker {
    store: Store,
    /// Of the jobs in the open transaction.
    replies: Vec<Reply>,
    health: Arc<Health>,
}

impl Worker {
    fn work(mut self, jobs: &mpsc::Receiver<Job>) {
        while let Some(first) = self.wait(jobs) {
            self.act(first);
            for _ in 1..BATCH {
                match jobs.try_recv() {
                    Ok(job) => self.act(job),
                    Err(_) => break,
                }
            }
            self.commit();
        }
        if let Err(error) = self.store.fold_all() {
            tracing::error!(%error, "the journal is left to the next process");
        }
    }

    /// Waits for a job, and meanwhile writes what need not wait for one.
    fn wait(&mut self, jobs: &mpsc::Receiver<Job>) -> Option<Job> {
        while let Some(wait) = self.store.may_wait() {
            match jobs.recv_timeout(wait) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Err(error) = self.store.write_unflushed() {
                self.failed("write", &error);
                // With the next commit, then.
                break;
            }
        }
        jobs.recv().ok()
    }

    fn act(&mut self, job: Job) {
        let ready = match job.needs {
            Needs::Nothing => Ok(()),
            Needs::Flush if self.store.is_in_transaction() => Ok(()),
            Needs::Flush => self.store.begin(),
            Needs::Folded => {
                self.commit();
                self.store.fold_all()
            }
        };
        match ready {
            Ok(()) => {
                let reply = (job.act)(Ok(&mut self.store));
                if self.store.is_in_transaction() {
                    self.replies.push(reply);
                } else {
                    reply(Ok(()));
                }
            }
            Err(error) => {
                let cause = self.failed("start a transaction", &error);
                (job.act)(Err(&cause))(Err(&cause));
            }
        }
    }

    fn commit(&mut self) {
        if !self.store.is_in_transaction() {
            return;
        }
        let committed = self
            .store
            .commit()
            .map_err(|error| self.failed("commit", &error));
        if committed == Ok(true) {
            self.health.wrote();
        }
        for reply in self.replies.drain(..) {
            match &committed {
                Ok(_) => reply(Ok(())),
                Err(cause) => reply(Err(cause)),
            }
        }
    }

    fn failed(&self, what: &str, error: &rusqlite::Error) -> String {
        tracing::error!(%error, "the database cannot {what}");
        let cause = cause(error);
        self.health.failed(&cause);
        cause
    }
}
