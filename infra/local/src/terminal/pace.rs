use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use crate::terminal::output::say;

/// How often a line is printed.
const INTERVAL: Duration = Duration::from_secs(1);

/// Prints how far the documents are, once a second, if standard error is a terminal. Lines and not a bar, because
/// warnings about documents come in between.
#[derive(Debug)]
pub(crate) struct Pace {
    all: usize,
    done: usize,
    said: Option<Instant>,
}

impl Pace {
    pub(crate) fn new(all: usize) -> Self {
        let said = stderr().is_terminal().then(Instant::now);
        Self { all, done: 0, said }
    }

    /// So many more are registered.
    pub(crate) fn read(&mut self, more: usize) {
        self.done += more;
        if let Some(said) = &mut self.said
            && said.elapsed() >= INTERVAL
        {
            *said = Instant::now();
            say!("{} of {} documents registered", self.done, self.all);
        }
    }
}
