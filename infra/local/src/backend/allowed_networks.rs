//! The special networks that `run` was allowed to call, kept for the commands that go on with its files:
//! without them a file on its way would fail for good at an address that was right all along.

use std::path::{Path, PathBuf};
use std::{fs, io};

use embedded::Engine;
use ipnet::IpNet;

use crate::cli::CallArgs;
use crate::error::Error;
use crate::terminal::output::say;

/// A network a line. A file of its own, so that whoever owns the directory sees it, and may delete it.
const FILE: &str = "allowed-networks";

/// Keeps what this `run` may call, in place of what an earlier one might.
pub(crate) fn keep(engine: &Engine, networks: &[IpNet]) -> Result<(), Error> {
    let path = engine.directory().join(FILE);
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

/// Where calls may go: where the command says, or else where `run` might call.
pub(crate) fn allowed(engine: &Engine, args: &CallArgs) -> Result<CallArgs, Error> {
    let mut calls = args.clone();
    if calls.allow_network.is_empty() {
        let path = engine.directory().join(FILE);
        calls.allow_network = read(&path)?;
        if let Some(networks) = listed(&calls.allow_network) {
            let path = path.display();
            say!("as `run` was, this command is allowed to call {networks} ({path})");
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
            .map_err(|_| format!("\"{line}\" is no network such as 127.0.0.0/8"))
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
