use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// With this in its environment, this program is `webhook-stage`.
pub(crate) const AS_PROGRAM: &str = "TESTS_AS_WEBHOOK_STAGE";

/// Much longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) const TEAM: &str = "example-clinic";

/// `webhook-stage serve` on a free port, with a directory of its own. It ends with this value.
pub(crate) struct Server {
    /// Ends with `/api`.
    pub(crate) url: String,
    state: TempDir,
    child: Child,
}

fn program() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(AS_PROGRAM, "1");
    command
}

impl Server {
    pub(crate) fn start() -> Self {
        let state = tempfile::tempdir().unwrap();
        let log = File::create(state.path().join("log")).unwrap();
        let child = program()
            .args([
                "serve",
                "-vv",
                "--listen",
                "127.0.0.1:0",
                "--allow-network",
                "127.0.0.0/8",
                "--state",
            ])
            .arg(state.path().join("state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut server = Self {
            url: String::new(),
            state,
            child,
        };
        until(|| {
            let log = server.log();
            assert!(server.child.try_wait().unwrap().is_none(), "{log}");
            let said = log.split_once("http://").map(|(_, rest)| rest);
            let host = said.and_then(|rest| rest.split_once("/api; "));
            server.url = host.map_or_else(String::new, |(host, _)| format!("http://{host}/api"));
            !server.url.is_empty()
        });
        server
    }

    /// A new key.
    pub(crate) fn key(&self, team: &str, role: &str, user: u64) -> String {
        let output = program()
            .args(["keys", "add", "--team", team, "--role", role])
            .args(["--user-id", &user.to_string(), "--state"])
            .arg(self.state.path().join("state"))
            .output()
            .unwrap();
        let key = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        key.trim().to_owned()
    }

    /// All that it has written to its standard error.
    pub(crate) fn log(&self) -> String {
        let mut log = Vec::new();
        let mut file = File::open(self.state.path().join("log")).unwrap();
        file.read_to_end(&mut log).unwrap();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until this is so. The limit only ends a wait for what will never come.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it never came to that");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs a program of `tests/api` with these arguments.
pub(crate) fn python(name: &str, arguments: &[&str]) -> Output {
    let program = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("api")
        .join(name);
    Command::new("python3")
        .arg(program)
        .args(arguments)
        .output()
        .expect("these tests need Python 3.11 or later, as `python3` on the PATH")
}
