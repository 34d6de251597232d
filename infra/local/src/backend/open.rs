//! Opening what a command works on.

use std::path::Path;

use embedded::{Engine, Options};

use crate::cli::TargetArgs;
use crate::error::Error;

/// Whether a directory holds an engine's state.
pub(crate) fn is_state(directory: &Path) -> bool {
    directory.join("webhook-stage.db").exists()
}

/// The engine of a state directory that is there.
pub(crate) fn directory(args: &TargetArgs) -> Result<Engine, Error> {
    if !is_state(&args.state) {
        return Err(Error::Usage(format!(
            "--state {}: there is no state directory; `webhook-stage run` makes one",
            args.state.display()
        )));
    }
    Ok(Engine::open(&args.state, Options::default())?)
}
