use std::thread;

use delivery::ports::{PortError, PortErrorKind};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use crate::error::port_error;

/// Jobs of one commit at most. More waiting than this only makes the first of them wait longer.
const BATCH: usize = 1024;

/// Told whether the commit went through; answers the task that waits.
type Reply = Box<dyn FnOnce(bool) + Send>;
type Act = Box<dyn FnOnce(&Connection) -> Reply + Send>;

struct Job {
    act: Act,
    flush: bool,
}

/// The thread that owns the database. It takes all the work that has come up while it was writing,
/// does it in one transaction, commits once, and only then answers. The disk is flushed with the
/// commit if any of the work asked for it.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: mpsc::UnboundedSender<Job>,
}

impl Writer {
    /// Starts the thread. It ends when the last handle is dropped.
    pub(crate) fn start(connection: Connection) -> std::io::Result<Self> {
        let (jobs, receiver) = mpsc::unbounded_channel();
        thread::Builder::new()
            .name("webhook-stage-db".to_owned())
            .spawn(move || work(connection, receiver))?;
        Ok(Self { jobs })
    }

    /// Runs `job` in the next commit; its result comes back once that is on disk.
    ///
    /// A job must do its writes in one statement, or in statements that may stand alone: a failing
    /// statement takes back itself, not what came before it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, true, job).await
    }

    /// The same for reads, and for writes that a loss of power may take back without harm: they are
    /// on disk with the next flush, and survive the end of the process in any case.
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
        let act: Act = Box::new(move |connection| {
            let result = job(connection);
            Box::new(move |committed| {
                let result = match result {
                    Ok(_) if !committed => Err(PortError::new(PortErrorKind::Unavailable, what)),
                    other => other.map_err(|error| port_error(what, error)),
                };
                // A task that was dropped while it waited needs no answer.
                let _ = answer.send(result);
            })
        });
        let stopped = || PortError::new(PortErrorKind::Unavailable, what);
        self.jobs.send(Job { act, flush }).map_err(|_| stopped())?;
        answered.await.map_err(|_| stopped())?
    }
}

fn work(connection: Connection, mut jobs: mpsc::UnboundedReceiver<Job>) {
    let mut database = Database {
        connection,
        flushes: None,
    };
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
    /// Whether a commit flushes now, where that is known.
    flushes: Option<bool>,
}

impl Database {
    fn commit(&mut self, batch: &mut Vec<Job>) {
        let transaction = match self.begin(batch.iter().any(|job| job.flush)) {
            Ok(transaction) => transaction,
            Err(error) => {
                tracing::error!(%error, "the database takes no transaction");
                // Dropping the jobs drops their answers' senders: the tasks see the engine unavailable.
                batch.clear();
                return;
            }
        };
        let replies: Vec<Reply> = batch.drain(..).map(|job| (job.act)(&transaction)).collect();
        let committed = match transaction.commit() {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "the database could not commit");
                false
            }
        };
        for reply in replies {
            reply(committed);
        }
    }

    fn begin(&mut self, flush: bool) -> rusqlite::Result<Transaction<'_>> {
        if self.flushes != Some(flush) {
            // A level that could not be set must not be taken for set.
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

        // What comes up while the thread is busy shares a commit.
        let (busy, done) = std::sync::mpsc::channel::<()>();
        let first = writer.run("wait", move |_| Ok(done.recv().is_ok()));
        let second = writer.run_unflushed("read", level);
        let third = writer.run("write", level);
        let free = async { busy.send(()).unwrap() };
        let (_, second, third, ()) = tokio::join!(first, second, third, free);
        assert_eq!((second.unwrap(), third.unwrap()), (full, full));
    }
}
