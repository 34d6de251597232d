//! The receiver's process, seen from the pipeline's.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use uuid::Uuid;

/// A call as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    /// `webhook-id`: the delivery's id.
    pub(crate) id: Uuid,
    /// `webhook-attempt`.
    pub(crate) attempt: u32,
    /// Microseconds since 1970.
    pub(crate) at: i64,
}

/// Ends with this.
pub(crate) struct Remote {
    address: String,
    child: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Remote {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(crate::AS_RECEIVER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            address: answers.next().unwrap().unwrap(),
            commands: child.stdin.take(),
            child,
            answers,
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every call so far, in the order of arrival.
    pub(crate) fn calls(&mut self) -> Vec<Call> {
        let count: usize = self.ask("calls").parse().unwrap();
        (0..count).map(|_| call(&self.answer())).collect()
    }

    /// How many calls came so far.
    pub(crate) fn count(&mut self) -> usize {
        self.ask("count").parse().unwrap()
    }

    /// Answers 503 from now on, and asks callers to come back at `until`, in seconds since 1970.
    pub(crate) fn storm(&mut self, until: u64) {
        self.ask(&format!("storm {until}"));
    }

    /// Is well again.
    pub(crate) fn recover(&mut self) {
        self.storm(0);
    }

    fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands.as_mut().unwrap(), "{command}").unwrap();
        self.answer()
    }

    fn answer(&mut self) -> String {
        self.answers.next().unwrap().unwrap()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

fn call(line: &str) -> Call {
    let mut fields = line.split(' ');
    let mut next = || fields.next().unwrap();
    Call {
        id: next().parse().unwrap(),
        attempt: next().parse().unwrap(),
        at: next().parse().unwrap(),
    }
}
