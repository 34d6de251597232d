//! `serve`, as a process: what it accepts is kept, however it ends.

mod bulk;
mod cancel;
mod client;
mod keys;
mod over_api;
mod stopped;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use self::client::Client;
use crate::support::webhook_stage;

/// A server on a state directory. It is killed when this is dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(state: &Path) -> Self {
        let mut command = webhook_stage();
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.args(["--allow-network", "127.0.0.0/8", "--state"]);
        let mut child = command.arg(state).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("http://")?;
            Some(rest.split('/').next()?.to_owned())
        });
        // So that it never waits for somebody to read.
        std::thread::spawn(move || lines.for_each(drop));
        let address = address.expect("it says where it listens");
        Self { child, address }
    }

    /// The most memory that it has used so far, where the system says it.
    fn peak_memory(&self) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        peak.unwrap_or("unknown").trim().to_owned()
    }

    fn client(&self, key: &str) -> Client {
        Client::new(&self.address, key)
    }

    /// Asks it to stop, and returns its exit code.
    fn terminate(&mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        let kill = std::process::Command::new("kill").arg(id).status();
        assert!(kill.unwrap().success());
        self.child.wait().unwrap().code()
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new key of team `t`.
fn key(state: &Path, role: &str) -> String {
    let mut command = webhook_stage();
    command.args([
        "keys",
        "add",
        "--team",
        "t",
        "--user-id",
        "7",
        "--role",
        role,
    ]);
    let made = command.arg("--state").arg(state).output().unwrap();
    assert!(made.status.success());
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}
