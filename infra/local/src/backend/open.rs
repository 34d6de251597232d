//! Opens the state directory that a command works on.

use std::path::Path;

use embedded::{Engine, Options};

use crate::cli::TargetArgs;
use crate::error::Error;

/// Whether a directory holds an engine's state.
pub(crate) fn is_state(directory: &Path) -> bool {
    directory.join("webhook-stage.db").exists()
}

/// Opens the engine of a state directory that must exist.
pub(crate) fn directory(args: &TargetArgs) -> Result<Engine, Error> {
    if !is_state(&args.state) {
        return Err(Error::Usage(format!(
            "--state {}: not a state directory; `webhook-stage run` creates one",
            args.state.display()
        )));
    }
    Ok(Engine::open(&args.state, Options::default())?)
}
