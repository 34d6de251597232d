//! Finds the documents in the files and directories given.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::backend::directory::is_state;
use crate::error::Error;
use crate::terminal::notices::Notices;

/// Directories that systems and tools create among a person's files. What they contain is a copy, a deleted
/// file, or not a document at all.
const LITTER: [&str; 10] = [
    "__MACOSX",
    ".AppleDouble",
    ".Spotlight-V100",
    ".Trashes",
    ".fseventsd",
    "@eaDir",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
    ".ipynb_checkpoints",
];

/// How the names of companion files begin that macOS, Emacs and Office put beside a file.
const BESIDE: [&str; 3] = ["._", ".#", "~$"];

/// The files that the paths stand for: a file for itself, a directory for the `.json` files below it, in
/// the order of their names. A file that is found twice is listed once. State directories are left out;
/// files that systems leave behind are skipped with a warning.
///
/// # Errors
/// [`Error::Read`] when a path does not exist.
pub(crate) fn discover(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut found = Discovery::default();
    for path in paths {
        if fs::metadata(path).map_err(unreadable(path))?.is_dir() {
            found.walk(path)?;
        } else {
            let real = fs::canonicalize(path).map_err(unreadable(path))?;
            found.file(path.clone(), real);
        }
    }
    found.notices.finish();
    Ok(found.files)
}

#[derive(Default)]
struct Discovery {
    files: Vec<PathBuf>,
    seen: BTreeSet<PathBuf>,
    notices: Notices,
}

impl Discovery {
    fn walk(&mut self, directory: &Path) -> Result<(), Error> {
        let real = fs::canonicalize(directory).map_err(unreadable(directory))?;
        // A directory that comes up again was reached through a link to one above it.
        if !self.seen.insert(real) {
            return Ok(());
        }
        let mut entries: Vec<PathBuf> = fs::read_dir(directory)
            .map_err(unreadable(directory))?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable(directory))?;
        entries.sort();
        for path in entries {
            if path.is_dir() {
                if is_named(&path, |name| LITTER.contains(&name)) {
                    self.pass_over(&path);
                // A state directory contains stored copies of documents, and secrets.
                } else if !is_state(&path) {
                    self.walk(&path)?;
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
            {
                // A dangling link stays under its own name, and is reported when it is read.
                let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
                self.file(path, real);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf, real: PathBuf) {
        if is_named(&path, |name| BESIDE.iter().any(|by| name.starts_with(by))) {
            self.pass_over(&path);
        } else if self.seen.insert(real) {
            self.files.push(path);
        }
    }

    fn pass_over(&mut self, path: &Path) {
        self.notices.warn(
            "skipped: made by a system or a tool",
            format_args!(
                "{}: skipped: by its name it was made by a system or a tool, and is not a document",
                path.display()
            ),
        );
    }
}

fn is_named(path: &Path, is_meant: impl FnOnce(&str) -> bool) -> bool {
    path.file_name()
        .and_then(OsStr::to_str)
        .is_some_and(is_meant)
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> Error {
    move |source| Error::Read {
        path: path.to_owned(),
        source,
    }
}
