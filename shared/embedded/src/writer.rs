use std::sync::Arc;
use std::thread::{self, JoinHandle};

use delivery::ports::{PortError, PortErrorKind};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::error::{cause, is_of_the_disk, port_error};
use crate::health::Health;

/// The most jobs in one commit. With more, the first of them would only wait longer.
const BATCH: usize = 1024;

/// Called with the result of the commit; answers the task that waits for it.
type Reply = Box<dyn FnOnce(Result<(), &str>) + Send>;
/// Does the work, or is called with the reason why a transaction could not be started.
type Act = Box<dyn FnOnce(Result<&Connection, &str>) -> Reply + Send>;

struct Job {
    act: Act,
    flush: bool,
}

/// The thread that owns the database. It takes all the jobs that came up while it was writing, does them in one
/// transaction, commits once, and only then answers. The commit flushes the disk if any of the jobs asked for
/// it.
pub(crate) struct Writer {
    jobs: Option<mpsc::UnboundedSender<Job>>,
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
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let health = Arc::new(Health::default());
        let database = Database {
            connection,
            flushes: None,
            health: Arc::clone(&health),
        };
        let thread = thread::Builder::new()
            .name("webhook-stage-db".to_owned())
            .spawn(move || work(database, receiver))?;
        Ok(Self {
            jobs: Some(jobs),
            health,
            thread: Some(thread),
        })
    }

    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// Runs `job` in the next commit, and returns its result once that is on disk.
    ///
    /// A job must do its writes in one statement, or in statements that may take effect separately: a statement
    /// that fails is rolled back, but not those before it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, true, job).await
    }

    /// The same for reads, and for writes that a loss of power may undo without harm. They are on disk with the
    /// next flush, and survive the end of the process in any case.
    pub(crate) async fn run_unflushed<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, false, job).await
    }

    async fn submit<T: Send + 'static>(
        &self,
        what: &'static str,
        flush: bool,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (answer, answered) = oneshot::channel();
        let unavailable = move |cause: &str| {
            PortError::caused(PortErrorKind::Unavailable, what, cause.to_owned())
        };
        let health = Arc::clone(&self.health);
        let act: Act = Box::new(move |connection| {
            let result = match connection {
                Ok(connection) => job(connection).map_err(|error| {
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
        jobs.send(Job { act, flush }).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

fn work(mut database: Database, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(job) = jobs.blocking_recv() {
        batch.push(job);
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(job),
                Err(_) => break,
            }
        }
        database.commit(&mut batch);
    }
}

struct Database {
    connection: Connection,
    /// Whether commits currently flush, if that is known.
    flushes: Option<bool>,
    health: Arc<Health>,
}

impl Database {
    fn commit(&mut self, batch: &mut Vec<Job>) {
        let health = Arc::clone(&self.health);
        let before = self.connection.total_changes();
        let transaction = match self.begin(batch.iter().any(|job| job.flush)) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "the database cannot start a transaction");
                let cause = cause(&error);
                health.failed(&cause);
                for job in batch.drain(..) {
                    (job.act)(Err(&cause))(Err(&cause));
                }
                return;
            }
        };
        let replies: Vec<Reply> = batch
            .drain(..)
            .map(|job| (job.act)(Ok(&transaction)))
            .collect();
        let committed = transaction.commit().map_err(|error| {
            tracing::error!(%error, "the database could not commit");
            let cause = cause(&error);
            health.failed(&cause);
            cause
        });
        if committed.is_ok() && self.connection.total_changes() > before {
            health.wrote();
        }
        for reply in replies {
            match &committed {
                Ok(()) => reply(Ok(())),
                Err(cause) => reply(Err(cause)),
            }
        }
    }

    fn begin(&mut self, flush: bool) -> rusqlite::Result<Transaction<'_>> {
        if self.flushes != Some(flush) {
            // If the level could not be set, it is not known which one applies.
            self.flushes = None;
            let level = if flush { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", level)?;
            self.flushes = Some(flush);
        }
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::Writer;

    fn level(db: &Connection) -> rusqlite::Result<i64> {
        db.pragma_query_value(None, "synchronous", |row| row.get(0))
    }

    #[tokio::test]
    async fn a_commit_flushes_if_any_of_its_work_asks_for_it() {
        let (normal, full) = (1, 2);
        let writer = Writer::start(Connection::open_in_memory().unwrap()).unwrap();
        assert_eq!(writer.run("write", level).await.unwrap(), full);
        assert_eq!(writer.run_unflushed("read", level).await.unwrap(), normal);
        assert_eq!(writer.run("write", level).await.unwrap(), full);

        // Jobs that come up while the thread is busy share a commit.
        let (busy, done) = std::sync::mpsc::channel::<()>();
        let first = writer.run("wait", move |_| Ok(done.recv().is_ok()));
        let second = writer.run_unflushed("read", level);
        let third = writer.run("write", level);
        let free = async { busy.send(()).unwrap() };
        let (_, second, third, ()) = tokio::join!(first, second, third, free);
        assert_eq!((second.unwrap(), third.unwrap()), (full, full));
    }
}
