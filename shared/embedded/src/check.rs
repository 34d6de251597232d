use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, OpenFlags};

use crate::error::OpenError;
use crate::health::Health;
use crate::schema;

/// The check of a large database for damage, by a thread and a connection of its own. Damage that it finds is a fault that
/// ends the run.
pub(crate) struct Check {
    interrupt: InterruptHandle,
    thread: Option<JoinHandle<()>>,
}

impl Check {
    pub(crate) fn start(path: &Path, health: &Arc<Health>) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags)?;
        let interrupt = connection.get_interrupt_handle();
        let (path, health) = (path.to_owned(), Arc::clone(health));
        let thread = thread::spawn(move || {
            let Err(error) = schema::verify(&connection) else {
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
