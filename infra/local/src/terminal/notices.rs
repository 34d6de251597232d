//! Warnings by kind: the first of each are said, the others are counted.

use std::fmt;

use crate::terminal::output::{say, shown};

/// Said of each kind. With `-v` the others are in the log.
const SAID: usize = 10;

/// What was said so far, by kind.
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
    /// Warns; `kind` is what the warning has in common with others, as a person would put it.
    pub(crate) fn warn(&mut self, kind: &str, line: fmt::Arguments<'_>) {
        self.take("warning", kind, line);
    }

    /// Notes what needs no attention.
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

    /// Says how many more there were.
    pub(crate) fn finish(self) {
        for Kind { level, what, count } in self.kinds {
            if count > SAID {
                say!(
                    "{level}: {} more of this kind ({what}): -v names each",
                    count - SAID
                );
            }
        }
    }
}
