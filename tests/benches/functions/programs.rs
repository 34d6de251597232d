//! The functions as `sam build` builds them (`functions/.cargo/config.toml`), for this machine's processor.

use std::path::PathBuf;
use std::process::Command;

use crate::emulator;

/// The dispatcher and the sender.
pub fn pipeline() -> PathBuf {
    built(&["dispatcher", "sender"])
}

/// Builds these packages together, and says where their programs are. `FUNCTIONS` names a directory where they are
/// already, such as those built with symbols for a profiler.
pub fn built(packages: &[&str]) -> PathBuf {
    if let Some(directory) = std::env::var_os("FUNCTIONS") {
        return directory.into();
    }
    let target = emulator::root().join("target/functions");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(&target)
        .args(packages.iter().flat_map(|package| ["-p", package]))
        .current_dir(emulator::root().join("functions"))
        .status();
    assert!(built.unwrap().success(), "the functions do not build");
    target.join("release")
}
