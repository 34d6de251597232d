use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use delivery::control::{StageControl, StageKey};
use delivery::ports::{MAX_RECEIVES, Queue};
use delivery::{FileState, Timestamp};
use rusqlite::{Connection, params};
use tokio::sync::Notify;
use uuid::Uuid;
use workflow::Workflow;

use crate::check::{Check, Ended};
use crate::error::OpenError;
use crate::keys_file::KeysFile;
use crate::queue::MAX_CRASHES;
use crate::schema;
use crate::secrets_file::SecretsFile;
use crate::store::{Store, journal};
use crate::writer::Writer;

/// Databases up to this size are checked for damage before anything is done with them: it takes half a second at most.
/// Larger ones are checked after a crash only, and while the work begins. SQLite refuses a damaged page that it comes
/// upon in any case.
const CHECKED_AT_ONCE: u64 = 256 * 1024 * 1024;

/// Options for opening a state directory.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Options {
    /// The largest size of the database, in pages of 4 KiB; unlimited by default. For tests of a full disk.
    pub max_pages: Option<u32>,
}

/// A state directory in use. It is cheap to clone; dropping the last clone closes it.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

/// Workflows that were read, by team and id.
pub(crate) type WorkflowCache = HashMap<(String, Uuid), Arc<Workflow>>;

pub(crate) struct Inner {
    pub(crate) directory: PathBuf,
    /// Declared before the writer, so that it ends first.
    _check: Option<Check>,
    pub(crate) writer: Writer,
    pub(crate) sent: [Notify; Queue::ALL.len()],
    pub(crate) workflows: Arc<Mutex<WorkflowCache>>,
    pub(crate) controls: Mutex<HashMap<StageKey, StageControl>>,
    pub(crate) stage_changes: AtomicU64,
    pub(crate) secrets: SecretsFile,
    pub(crate) keys: KeysFile,
    /// Holds the lock. It is declared last, so that the lock is released last.
    _lock: File,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("directory", &self.inner.directory)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Opens a state directory, and creates it if needed. What a crashed process had in flight is released: its
    /// messages are due again, and its claims end.
    ///
    /// # Errors
    /// [`OpenError`], with a message that says what to do.
    pub fn open(directory: &Path, options: Options) -> Result<Self, OpenError> {
        let io_error = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::Io { path, source }
        };
        fs::create_dir_all(directory).map_err(io_error(directory))?;
        let lock = lock(directory)?;
        let path = directory.join("webhook-stage.db");
        let failed = |error| OpenError::of(&path, error);
        let mut connection = Connection::open(of_a_file(&path)).map_err(failed)?;
        schema::configure(&connection).map_err(failed)?;
        let is_small = is_at_most(&path, CHECKED_AT_ONCE);
        if is_small {
            schema::verify(&connection).map_err(failed)?;
        }
        let found = schema::prepare(&mut connection).map_err(failed)?;
        if found > schema::VERSION {
            return Err(OpenError::Newer {
                path,
                found,
                known: schema::VERSION,
            });
        }
        if let Some(pages) = options.max_pages {
            connection
                .pragma_update(None, "max_page_count", pages)
                .map_err(failed)?;
        }
        let after_a_crash = journal::recover(&mut connection).map_err(failed)?;
        release(&mut connection, SystemTime::now().into()).map_err(failed)?;
        let secrets = SecretsFile::open(directory.join("secrets.json"))?;
        let check = (!is_small && after_a_crash).then(Ended::default);
        schema::leave_flushing(&connection).map_err(failed)?;
        let store = Store::new(connection, after_a_crash, check.clone()).map_err(failed)?;
        let log = log_of(&path).map_err(io_error(&path))?;
        let writer = Writer::start(store, move || log.sync_data());
        let writer = writer.map_err(io_error(directory))?;
        let start = |ended| Check::start(&path, writer.health(), ended);
        let check = check.map(start).transpose().map_err(failed)?;
        Ok(Self {
            inner: Arc::new(Inner {
                directory: directory.to_owned(),
                _check: check,
                writer,
                sent: std::array::from_fn(|_| Notify::new()),
                workflows: Arc::default(),
                controls: Mutex::default(),
                stage_changes: AtomicU64::new(0),
                secrets,
                keys: KeysFile::of(directory),
                _lock: lock,
            }),
        })
    }

    /// The state directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.inner.directory
    }

    pub(crate) fn writer(&self) -> &Writer {
        &self.inner.writer
    }
}

/// A database's log. It is created when the database is opened, and stays until it is closed.
fn log_of(database: &Path) -> io::Result<File> {
    let path = database.with_extension("db-wal");
    OpenOptions::new().write(true).open(path)
}

/// Whether a database and its log have no more bytes than this together.
fn is_at_most(path: &Path, bytes: u64) -> bool {
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    size(path) + size(&path.with_extension("db-wal")) <= bytes
}

/// A path that SQLite always takes as a file name; one that begins with `file:` would otherwise be a URI.
fn of_a_file(path: &Path) -> PathBuf {
    if path.is_absolute() {
        path.to_owned()
    } else {
        Path::new(".").join(path)
    }
}

fn lock(directory: &Path) -> Result<File, OpenError> {
    let path = directory.join("lock");
    let io_error = |source: io::Error| OpenError::Io {
        path: path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(io_error)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(io_error(source)),
    }
}

/// Releases what other processes had in flight: holding the lock proves that they have ended.
fn release(connection: &mut Connection, now: Timestamp) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    // A receive that was cut short by a crash says nothing about the message, unless it happens many times.
    transaction.execute(
        "UPDATE messages SET visible_at = ?1, receipt = NULL, crashes = crashes + 1,
         receive_count = CASE WHEN crashes < ?2 THEN max(receive_count - 1, 0) ELSE ?3 END
         WHERE receipt IS NOT NULL",
        params![now.as_millis(), MAX_CRASHES, MAX_RECEIVES],
    )?;
    let sending: Vec<(String, Uuid, String)> = transaction
        .prepare("SELECT team, item_id, body FROM states WHERE at_rest = 0 AND status = 'sending'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    for (team, item_id, body) in sending {
        // A record that cannot be read is reported when it is next used.
        let Ok(mut state) = serde_json::from_str::<FileState>(&body) else {
            continue;
        };
        if let Some(delivery) = state.delivery.as_mut() {
            delivery.lease_until = Some(Timestamp::from_millis(now.as_millis() - 1));
        }
        let body = serde_json::to_string(&state).unwrap_or(body);
        transaction.execute(
            "UPDATE states SET body = ?3 WHERE team = ?1 AND item_id = ?2",
            params![team, item_id, body],
        )?;
    }
    transaction.commit()
}
