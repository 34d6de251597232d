use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use delivery::ports::{PortError, PortErrorKind};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use workflow::{SecretRef, StageSecrets};

use crate::error::OpenError;

/// The secrets of all stages, in one file that only its owner may read.
pub(crate) struct SecretsFile {
    path: PathBuf,
    held: Mutex<BTreeMap<SecretRef, StageSecrets>>,
}

impl SecretsFile {
    pub(crate) fn open(path: PathBuf) -> Result<Self, OpenError> {
        let held = match fs::read_to_string(&path) {
            Ok(text) => parse(&text).ok_or_else(|| OpenError::Secrets(path.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        Ok(Self {
            path,
            held: Mutex::new(held),
        })
    }

    pub(crate) fn get(&self, reference: &SecretRef) -> Option<StageSecrets> {
        self.held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(reference)
            .cloned()
    }

    pub(crate) fn put(&self, secrets: Vec<(SecretRef, StageSecrets)>) -> Result<(), PortError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = held.clone();
        next.extend(secrets);
        write(&self.path, &next).map_err(|error| {
            PortError::caused(PortErrorKind::Unavailable, "write the secrets file", error)
        })?;
        *held = next;
        Ok(())
    }
}

fn parse(text: &str) -> Option<BTreeMap<SecretRef, StageSecrets>> {
    let entries: BTreeMap<SecretRef, Box<RawValue>> = serde_json::from_str(text).ok()?;
    entries
        .into_iter()
        .map(|(reference, raw)| Some((reference, StageSecrets::from_json(raw.get()).ok()?)))
        .collect()
}

/// Writes the file atomically, and never readable by others, not even for a moment.
fn write(path: &Path, held: &BTreeMap<SecretRef, StageSecrets>) -> io::Result<()> {
    let entries: BTreeMap<&SecretRef, Box<RawValue>> = held
        .iter()
        .map(|(reference, secrets)| {
            let json = secrets.to_json().expose_secret().to_owned();
            Ok((reference, RawValue::from_string(json)?))
        })
        .collect::<Result<_, serde_json::Error>>()?;
    let temporary = path.with_extension("json.part");
    let _ = fs::remove_file(&temporary);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&temporary)?;
    file.write_all(&serde_json::to_vec_pretty(&entries)?)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    path.parent()
        .map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
}
