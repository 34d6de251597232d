use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use delivery::ports::{PortError, PortErrorKind};
use tokio::sync::oneshot;

use crate::committer::Committer;
use crate::database::{Committed, Database, Needs};
use crate::error::{cause, is_of_the_disk, port_error};
use crate::health::Health;
use crate::store::Store;

/// A job for the thread.
type Act = Box<dyn FnOnce() + Send>;

/// Runs jobs on the database. Most are a matter of microseconds in memory, so a job is run by whoever asks for it. If the
/// database is busy, or the job reads tables that may be large, a thread runs it: nobody should wait for a disk on a
/// thread that has calls to make.
///
/// Jobs that write share a transaction, which the [`Committer`] commits and flushes. Reads are answered at once. So what
/// one finds may not be on disk yet; but what is written because of it comes later in the log, and a loss of power cannot
/// undo the one and keep the other. Nor does it matter if the commit fails: that write then finds another record
/// than the one that it was made from.
pub(crate) struct Writer {
    database: Arc<Database>,
    jobs: Option<mpsc::Sender<Act>>,
    worker: Option<JoinHandle<()>>,
    committer: Committer,
}

/// Waits until all jobs are done and on disk, because only then can another process open the directory.
impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(worker) = self.worker.take()
            && worker.thread().id() != thread::current().id()
        {
            let _ = worker.join();
        }
        if let Some(mut state) = self.database.enter() {
            state.is_ending = true;
        }
        self.committer.end();
    }
}

impl Writer {
    /// Starts the threads, which end when this is dropped. `flush` puts the database's log on disk.
    pub(crate) fn start(
        store: Store,
        flush: impl Fn() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let database = Arc::new(Database::new(store));
        let committer = Committer::start(Arc::clone(&database), flush)?;
        let (jobs, queue) = mpsc::channel::<Act>();
        let worker = thread::Builder::new()
            .name("webhook-stage-db".to_owned())
            .spawn(move || queue.into_iter().for_each(|act| act()))?;
        Ok(Self {
            database,
            jobs: Some(jobs),
            worker: Some(worker),
            committer,
        })
    }

    pub(crate) fn health(&self) -> &Arc<Health> {
        &self.database.health
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

    /// The same for what is followed by another write before anybody is told: it returns with the commit.
    pub(crate) async fn run_ahead<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, Needs::Write, job).await
    }

    /// The same for deleting and releasing messages, which are on disk with the next commit, or within 5 ms; a crash before
    /// that undoes them, which does no harm.
    pub(crate) async fn run_deferred<T: Send + 'static>(
        &self,
        what: &'static str,
        job: impl FnOnce(&mut Store) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.submit(what, Needs::Commit, job).await
    }

    /// The same for reads, and for receiving messages, which a commit that fails undoes, too.
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
        let (done, committed) = if needs == Needs::Folded || self.database.is_busy() {
            let (answer, answered) = oneshot::channel();
            let (database, committer) =
                (Arc::clone(&self.database), self.committer.waker().clone());
            let act: Act = Box::new(move || {
                let (done, wake) = run(&database, what, needs, job);
                if wake {
                    committer.unpark();
                }
                // The task may have been dropped while it waited.
                let _ = answer.send(done);
            });
            let stopped = || PortError::new(PortErrorKind::Unavailable, what);
            let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
            jobs.send(act).map_err(|_| stopped())?;
            answered.await.map_err(|_| stopped())??
        } else {
            let (done, wake) = run(&self.database, what, needs, job);
            if wake {
                self.committer.waker().unpark();
            }
            done?
        };
        if let Some(committed) = committed {
            let ended = |_| PortError::new(PortErrorKind::Unavailable, what);
            let committed = committed.await.map_err(ended)?;
            committed.map_err(|cause| unavailable(what, &cause))?;
        }
        Ok(done)
    }
}

/// Runs a job: its result with what to wait for, and whether the committer must be told.
fn run<T>(
    database: &Database,
    what: &'static str,
    needs: Needs,
    job: impl FnOnce(&mut Store) -> rusqlite::Result<T>,
) -> (Result<(T, Option<Committed>), PortError>, bool) {
    let Some(mut state) = database.enter() else {
        let stopped = PortError::new(PortErrorKind::Unavailable, what);
        return (Err(stopped), true);
    };
    let _busy = (needs == Needs::Folded).then(|| database.busy());
    if let Err(cause) = database.prepare(&mut state, needs) {
        return (Err(unavailable(what, &cause)), true);
    }
    let done = job(&mut state.store);
    let (committed, wake) = state.join(needs);
    drop(state);
    let done = done.map(|done| (done, committed)).map_err(|error| {
        if is_of_the_disk(&error) {
            database.health.failed(&cause(&error));
        }
        port_error(what, error)
    });
    (done, wake)
}

fn unavailable(what: &'static str, cause: &str) -> PortError {
    PortError::caused(PortErrorKind::Unavailable, what, cause.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use delivery::ports::{PortErrorKind, Queue};
    use rusqlite::Connection;

    use super::Writer;
    use crate::schema;
    use crate::store::{Posted, Store, journal};

    fn store(path: &Path) -> Store {
        let mut db = Connection::open(path).unwrap();
        schema::configure(&db).unwrap();
        schema::prepare(&mut db).unwrap();
        journal::recover(&mut db).unwrap();
        Store::new(db, false, None).unwrap()
    }

    async fn post(writer: &Writer, body: &str) -> Result<(), delivery::ports::PortError> {
        let posted = Posted {
            group: "g".to_owned(),
            body: body.to_owned(),
            visible_at: 0,
        };
        writer
            .run("post", move |store| {
                store.post(Queue::Deliveries, 0, vec![posted])
            })
            .await
    }

    async fn count(writer: &Writer) -> usize {
        let size = writer.run_unflushed("count", |store| Ok(store.size(Queue::Deliveries).0));
        size.await.unwrap()
    }

    /// The flush of the first commit waits for the test, while jobs come up that share the second.
    #[tokio::test]
    async fn jobs_are_done_while_a_commit_is_flushed_and_answered_once_theirs_is() {
        let directory = tempfile::tempdir().unwrap();
        let (begin, begun) = mpsc::channel();
        let (allow, allowed) = mpsc::channel();
        let flush = move || {
            begin.send(()).unwrap();
            allowed.recv().map_err(io::Error::other)
        };
        let writer = Writer::start(store(&directory.path().join("db")), flush).unwrap();
        let writer = Arc::new(writer);
        let posting = |body: &'static str| {
            let writer = Arc::clone(&writer);
            tokio::spawn(async move { post(&writer, body).await })
        };
        let first = posting("first");
        tokio::task::yield_now().await;
        begun.recv().unwrap();
        assert!(!first.is_finished());
        let others = [posting("second"), posting("third")];
        while count(&writer).await < 3 {
            tokio::task::yield_now().await;
        }
        allow.send(()).unwrap();
        first.await.unwrap().unwrap();
        begun.recv().unwrap();
        assert!(others.iter().all(|other| !other.is_finished()));
        allow.send(()).unwrap();
        for other in others {
            other.await.unwrap().unwrap();
        }
        assert_eq!(count(&writer).await, 3);
    }

    #[tokio::test]
    async fn after_a_flush_that_failed_nothing_is_done_until_the_directory_is_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let works = Arc::new(AtomicBool::new(true));
        let flush = {
            let works = Arc::clone(&works);
            move || match works.load(Ordering::Relaxed) {
                true => Ok(()),
                false => Err(io::Error::other("no more disk")),
            }
        };
        let writer = Writer::start(store(&path), flush).unwrap();
        post(&writer, "before").await.unwrap();
        works.store(false, Ordering::Relaxed);
        post(&writer, "lost").await.unwrap_err();
        works.store(true, Ordering::Relaxed);
        let refused = post(&writer, "after").await.unwrap_err();
        assert_eq!(refused.kind, PortErrorKind::Unavailable);
        assert!(refused.source.unwrap().to_string().contains("no more disk"));
        let read = writer.run_unflushed("read", |_| Ok(())).await;
        assert!(read.is_err(), "what it finds may not be on disk");
        let fault = writer.health().fault(Duration::ZERO).unwrap();
        assert!(fault.source.unwrap().to_string().contains("no more disk"));
        drop(writer);
        let writer = Writer::start(store(&path), || Ok(())).unwrap();
        assert!((1..=2).contains(&count(&writer).await));
        post(&writer, "again").await.unwrap();
    }
}
