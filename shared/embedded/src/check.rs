use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, OpenFlags};

use crate::error::OpenError;
use crate::health::Health;
use crate::schema;

/// The check of a large database for damage after a crash, by a thread and a connection of its own. Damage that it finds is a
/// fault that ends the run.
pub(crate) struct Check {
    interrupt: InterruptHandle,
    thread: Option<JoinHandle<()>>,
}

/// Whether a check has ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ended(Arc<AtomicBool>);

impl Ended {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Check {
    pub(crate) fn start(path: &Path, health: &Arc<Health>, ended: Ended) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let interrupt = connection.get_interrupt_handle();
        let (path, health) = (path.to_owned(), Arc::clone(health));
        let thread = thread::spawn(move || {
            let found = schema::verify(&connection);
            drop(connection);
            ended.0.store(true, Ordering::Release);
            let Err(error) = found else {
                return;
            };
            match OpenError::of(&path, error) {
                damaged @ OpenError::Corrupt { .. } => health.damaged(&damaged.to_string()),
                other => tracing::debug!(error = %other, "the database was not checked"),
            }
        });
        Ok(Self {
            interrupt,
            thread: Some(thread),
        })
    }
}

/// The last connection to close puts the log into the database, and that is the writer's.
impl Drop for Check {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // An interrupt before the check has begun does nothing.
            while !thread.is_finished() {
                self.interrupt.interrupt();
                thread::sleep(Duration::from_millis(1));
            }
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;
    use std::time::Duration;

    use delivery::ports::PortErrorKind;
    use rusqlite::Connection;

    use super::{Check, Ended};
    use crate::health::Health;

    /// What the check of this database finds.
    fn checked(path: &Path) -> Arc<Health> {
        let (health, ended) = (Arc::default(), Ended::default());
        let check = Check::start(path, &health, ended.clone()).unwrap();
        while !ended.is_so() {
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(check);
        health
    }

    #[test]
    fn damage_is_a_fault_that_does_not_pass() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db");
        let db = Connection::open(&path).unwrap();
        db.execute_batch(
            "CREATE TABLE rows (text TEXT);
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
             INSERT INTO rows SELECT hex(randomblob(100)) FROM n;",
        )
        .unwrap();
        drop(db);
        assert!(checked(&path).fault(Duration::ZERO).is_none());
        let mut content = fs::read(&path).unwrap();
        let page = content.len() / 2 / 4096 * 4096;
        content[page..page + 4096].fill(0x5a);
        fs::write(&path, content).unwrap();
        let health = checked(&path);
        health.wrote();
        let fault = health.fault(Duration::from_secs(60)).unwrap();
        assert_eq!(fault.kind, PortErrorKind::Corrupt);
        assert!(fault.source.unwrap().to_string().contains("damaged"));
    }
}
