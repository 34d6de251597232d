use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use delivery::format::{read_stored, write};
use delivery::ports::{ApiKeys, PortError, PortErrorKind, StoredKey};
use serde_json::value::RawValue;

use crate::private_file;

/// The API keys of a state directory, in `keys.json`, which only its owner may read.
///
/// They are not in the database, so that a key can be made or revoked while a server has the directory open: it reads the
/// file again when that has changed.
#[derive(Clone, Debug)]
pub struct KeysFile {
    path: PathBuf,
    read: Arc<Mutex<Option<Read>>>,
}

#[derive(Debug)]
struct Read {
    seen: Seen,
    keys: Vec<StoredKey>,
}

/// By which a changed file is told.
type Seen = (Option<SystemTime>, u64);

impl KeysFile {
    /// The keys of a state directory.
    #[must_use]
    pub fn of(directory: &Path) -> Self {
        Self {
            path: directory.join("keys.json"),
            read: Arc::default(),
        }
    }

    fn load(&self) -> Result<Vec<StoredKey>, PortError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("read the keys", error)),
        };
        let seen = (found.modified().ok(), identity(&found));
        if let Some(known) = read.as_ref().filter(|known| known.seen == seen) {
            return Ok(known.keys.clone());
        }
        let keys = parse(&self.path)?;
        let known = Read { seen, keys };
        Ok(read.insert(known).keys.clone())
    }

    /// Changes the keys, while no other process does.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<StoredKey>) -> T) -> Result<T, PortError> {
        let what = "write the keys";
        let _lock = lock(&self.path.with_extension("lock")).map_err(|error| failed(what, error))?;
        let mut keys = match parse(&self.path) {
            Err(error) if is_missing(&error) => Vec::new(),
            other => other?,
        };
        let before = keys.clone();
        let result = change(&mut keys);
        if keys != before {
            let corrupt = |error| PortError::caused(PortErrorKind::Corrupt, what, error);
            let keys = keys
                .iter()
                .map(|key| write(key).and_then(RawValue::from_string));
            let keys: Vec<_> = keys.collect::<Result<_, _>>().map_err(corrupt)?;
            let bytes = serde_json::to_vec_pretty(&keys).map_err(corrupt)?;
            private_file::write(&self.path, &bytes).map_err(|error| failed(what, error))?;
        }
        Ok(result)
    }
}

/// Each change makes a new file.
#[cfg(unix)]
fn identity(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn identity(found: &fs::Metadata) -> u64 {
    found.len()
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

fn parse(path: &Path) -> Result<Vec<StoredKey>, PortError> {
    let what = "read the keys";
    let text = fs::read_to_string(path).map_err(|error| failed(what, error))?;
    let keys: Vec<Box<RawValue>> = serde_json::from_str(&text)
        .map_err(|error| PortError::caused(PortErrorKind::Corrupt, what, error))?;
    let keys = keys.iter();
    keys.map(|key| read_stored(what, key.get())).collect()
}

fn failed(what: &'static str, error: io::Error) -> PortError {
    PortError::caused(PortErrorKind::Unavailable, what, error)
}

fn is_missing(error: &PortError) -> bool {
    let cause = error.source.as_ref();
    cause
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

impl ApiKeys for KeysFile {
    async fn key(&self, prefix: &str) -> Result<Option<StoredKey>, PortError> {
        let keys = self.load()?;
        Ok(keys.into_iter().find(|key| key.prefix == prefix))
    }

    async fn put_key(&self, key: &StoredKey) -> Result<bool, PortError> {
        self.change(|keys| {
            let is_free = keys.iter().all(|known| known.prefix != key.prefix);
            keys.extend(is_free.then(|| key.clone()));
            is_free
        })
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, PortError> {
        self.load()
    }

    async fn remove_key(&self, prefix: &str) -> Result<bool, PortError> {
        self.change(|keys| {
            let before = keys.len();
            keys.retain(|key| key.prefix != prefix);
            keys.len() < before
        })
    }
}

#[cfg(test)]
mod tests {
    use delivery::Timestamp;
    use workflow::Role;

    use super::*;

    fn key(prefix: &str) -> StoredKey {
        StoredKey {
            prefix: prefix.to_owned(),
            digest: "d".to_owned(),
            team: "t".to_owned(),
            user_id: 1,
            role: Role::Admin,
            name: String::new(),
            created_at: Timestamp::from_millis(1),
        }
    }

    #[tokio::test]
    async fn a_key_made_by_another_process_is_found_and_a_revoked_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let (server, command) = (
            KeysFile::of(directory.path()),
            KeysFile::of(directory.path()),
        );
        assert_eq!(server.key("one").await.unwrap(), None);
        assert!(command.put_key(&key("one")).await.unwrap());
        assert!(!command.put_key(&key("one")).await.unwrap());
        assert_eq!(server.key("one").await.unwrap(), Some(key("one")));
        assert!(command.put_key(&key("two")).await.unwrap());
        assert_eq!(server.keys().await.unwrap(), [key("one"), key("two")]);
        assert!(command.remove_key("one").await.unwrap());
        assert!(!command.remove_key("one").await.unwrap());
        assert_eq!(server.key("one").await.unwrap(), None);
        #[cfg(unix)]
        {
            let mode = fs::metadata(directory.path().join("keys.json")).unwrap();
            let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[tokio::test]
    async fn a_damaged_file_lets_nobody_in_and_is_not_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("keys.json"), "[{]").unwrap();
        let keys = KeysFile::of(directory.path());
        assert!(keys.key("one").await.is_err());
        assert!(keys.put_key(&key("one")).await.is_err());
    }
}
