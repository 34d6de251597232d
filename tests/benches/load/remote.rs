//! The receiver's process, seen from the pipeline's.

use std::env;
use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use uuid::Uuid;

/// How this program starts itself as the receiver.
pub(crate) const AS_RECEIVER: &str = "--receiver";

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

/// What the receiver saw of TLS.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handshakes {
    pub(crate) connections: u32,
    pub(crate) all: u32,
    /// Those that resumed a session.
    pub(crate) resumed: u32,
}

impl Handshakes {
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            connections: self.connections - before.connections,
            all: self.all - before.all,
            resumed: self.resumed - before.resumed,
        }
    }
}

/// The receiver; it ends with this.
pub(crate) struct Remote {
    address: String,
    child: Child,
    commands: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Remote {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .arg(AS_RECEIVER)
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

    /// How many bytes the bodies of all calls had.
    pub(crate) fn bytes(&mut self) -> u64 {
        self.ask("bytes").parse().unwrap()
    }

    /// Another port of the same receiver.
    pub(crate) fn another(&mut self, path: &str) -> String {
        let port = self.ask("port");
        format!("http://127.0.0.1:{port}{path}")
    }

    /// A port that speaks TLS, and the certificate to trust.
    pub(crate) fn tls(&mut self) -> (String, Vec<u8>) {
        let answer = self.ask("tls");
        let (port, certificate) = answer.split_once(' ').unwrap();
        (port.to_owned(), certificate.replace('|', "\n").into_bytes())
    }

    pub(crate) fn handshakes(&mut self) -> Handshakes {
        let answer = self.ask("handshakes");
        let mut counts = answer.split(' ').map(|count| count.parse().unwrap());
        let mut next = || counts.next().unwrap();
        Handshakes {
            connections: next(),
            all: next(),
            resumed: next(),
        }
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
