//! The state directory that a command works on.

use std::path::Path;

use embedded::{Engine, Options};

use crate::error::Error;

/// A state directory in use.
pub(crate) type Directory = Engine;

/// Whether a directory holds an engine's state.
pub(crate) fn is_state(directory: &Path) -> bool {
    directory.join("webhook-stage.db").exists()
}

/// Opens a state directory that must exist.
pub(crate) fn open(path: &Path) -> Result<Directory, Error> {
    if !is_state(path) {
        return Err(Error::Usage(format!(
            "--state {}: not a state directory; `webhook-stage run` creates one",
            path.display()
        )));
    }
    create(path)
}

/// Opens a state directory, and creates it if needed.
pub(crate) fn create(path: &Path) -> Result<Directory, Error> {
    Ok(Engine::open(path, Options::default())?)
}
