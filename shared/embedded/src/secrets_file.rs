use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use delivery::ports::{PortError, PortErrorKind};
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use workflow::{SecretRef, StageSecrets};

use crate::error::OpenError;
use crate::private_file;

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

fn write(path: &Path, held: &BTreeMap<SecretRef, StageSecrets>) -> io::Result<()> {
    let entries: BTreeMap<&SecretRef, Box<RawValue>> = held
        .iter()
        .map(|(reference, secrets)| {
            let json = secrets.to_json().expose_secret().to_owned();
            Ok((reference, RawValue::from_string(json)?))
        })
        .collect::<Result<_, serde_json::Error>>()?;
    private_file::write(path, &serde_json::to_vec_pretty(&entries)?)
}
