//! The special networks that `run` was allowed to call, stored for later commands that continue its files:
//! without them, a file on its way would fail for good at an address that `run` was allowed to call.

use std::path::{Path, PathBuf};
use std::{fs, io};

use ipnet::IpNet;

use super::directory::Directory;
use crate::cli::CallArgs;
use crate::error::Error;
use crate::terminal::output::say;

/// The file, with one network per line. It is separate from the database, so that whoever owns the directory
/// can see and delete it.
const FILE: &str = "allowed-networks";

/// Stores what this `run` may call, in place of what an earlier one was allowed.
pub(crate) fn keep(directory: &Directory, networks: &[IpNet]) -> Result<(), Error> {
    let path = directory.path().join(FILE);
    let written = if networks.is_empty() {
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    } else {
        let lines = networks.iter().map(|network| format!("{network}\n"));
        fs::write(&path, lines.collect::<String>())
    };
    written.map_err(|source| Error::Read { path, source })
}

/// The networks that calls may go to: those given to this command, or else those that `run` was allowed.
pub(crate) fn allowed(directory: &Directory, args: &CallArgs) -> Result<CallArgs, Error> {
    let mut calls = args.clone();
    if calls.allow_network.is_empty() {
        let path = directory.path().join(FILE);
        calls.allow_network = read(&path)?;
        if let Some(networks) = listed(&calls.allow_network) {
            let path = path.display();
            say!("this command may call {networks}, as `run` could ({path})");
        }
    }
    Ok(calls)
}

fn read(path: &Path) -> Result<Vec<IpNet>, Error> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(unreadable(path, source)),
        Ok(text) => text,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let networks = lines.map(|line| {
        line.parse()
            .map_err(|_| format!("\"{line}\" is not a network such as 127.0.0.0/8"))
    });
    let networks: Result<_, String> = networks.collect();
    networks.map_err(|problem| unreadable(path, io::Error::other(problem)))
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    let path: PathBuf = path.to_owned();
    Error::Read { path, source }
}

fn listed(networks: &[IpNet]) -> Option<String> {
    let names: Vec<_> = networks.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
