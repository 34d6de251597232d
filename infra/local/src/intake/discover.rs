//! Finding the documents that are meant.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::backend::open::is_state;
use crate::error::Error;
use crate::terminal::notices::Notices;

/// Directories that systems and tools make among a person's files: what is in them is a copy, was thrown
/// away, or was never a document.
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

/// How the names of files begin that stand beside the file they are about: of macOS, Emacs and Office.
const BESIDE: [&str; 3] = ["._", ".#", "~$"];

/// The files meant by the paths: files as they are, directories with the `.json` files below them, in
/// the order of their names. A file meant twice comes once; state directories below are left out, and
/// what systems leave beside files is passed over with a warning.
///
/// # Errors
/// [`Error::Read`] when a path is not there.
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
        // A directory met twice is a link that goes round.
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
                // What a state directory has in it was a document once, or is a secret.
                } else if !is_state(&path) {
                    self.walk(&path)?;
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
            {
                // A dangling link keeps its own name, and is reported when it is read.
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
            "passed over: a system's or a tool's own",
            format_args!(
                "{}: passed over: by its name it is a system's or a tool's own, not a document",
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
