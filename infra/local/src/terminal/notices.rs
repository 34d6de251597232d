//! Warnings by kind: the first few of each kind are printed, the others only counted.

use std::fmt;

use crate::terminal::output::{say, shown};

/// How many of each kind are printed. With `-v` the others are logged.
const SAID: usize = 10;

/// How many notices there were so far, by kind.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kinds: Vec<Kind>,
}

#[derive(Debug)]
struct Kind {
    level: &'static str,
    what: String,
    count: usize,
}

impl Notices {
    /// Warns. `kind` says, in words for people, what the warning has in common with others.
    pub(crate) fn warn(&mut self, kind: &str, line: fmt::Arguments<'_>) {
        self.take("warning", kind, line);
    }

    /// Prints a note that calls for no action.
    pub(crate) fn note(&mut self, kind: &str, line: fmt::Arguments<'_>) {
        self.take("note", kind, line);
    }

    fn take(&mut self, level: &'static str, what: &str, line: fmt::Arguments<'_>) {
        let is_same = |kind: &&mut Kind| kind.level == level && kind.what == what;
        let count = match self.kinds.iter_mut().find(is_same) {
            Some(kind) => {
                kind.count += 1;
                kind.count
            }
            None => {
                self.kinds.push(Kind {
                    level,
                    what: what.to_owned(),
                    count: 1,
                });
                1
            }
        };
        if count <= SAID {
            say!("{level}: {line}");
        } else {
            tracing::warn!("{}", shown(&line.to_string()));
        }
    }

    /// Prints how many more notices of each kind there were.
    pub(crate) fn finish(self) {
        for Kind { level, what, count } in self.kinds {
            if count > SAID {
                say!(
                    "{level}: {} more of this kind ({what}); give -v to log each",
                    count - SAID
                );
            }
        }
    }
}
