use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use serde_json::Value;

/// `tests/access/server.py`; it ends with this value.
pub(crate) struct Server {
    pub(crate) url: String,
    child: Child,
    _stdin: ChildStdin,
}

fn program(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.join("access").join(name)
}

fn python(program: &Path) -> Command {
    let mut command = Command::new("python3");
    command
        .arg(program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

impl Server {
    pub(crate) fn start() -> Self {
        let mut child = python(&program("server.py"))
            .spawn()
            .expect("these tests need Python 3.11 or later, as `python3` on the PATH");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        let url = line.trim().to_owned();
        assert!(
            url.starts_with("http://"),
            "it did not start; what it said is above"
        );
        Self {
            url,
            _stdin: child.stdin.take().unwrap(),
            child,
        }
    }

    /// What was asked for since the last time: what, and the status it was answered with.
    pub(crate) async fn log(&self) -> Vec<(String, u64)> {
        let text = reqwest::get(format!("{}/log", self.url)).await.unwrap();
        let log: Vec<Value> = serde_json::from_str(&text.text().await.unwrap()).unwrap();
        log.iter()
            .map(|entry| {
                let what = entry[0].as_str().unwrap().to_owned();
                (what, entry[1].as_u64().unwrap())
            })
            .collect()
    }

    pub(crate) async fn control(&self, what: &'static str) {
        let url = format!("{}/control", self.url);
        let answer = reqwest::Client::new().post(url).body(what).send();
        answer.await.unwrap().error_for_status().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What botocore signs these requests with: one Authorization value for each.
pub(crate) fn botocore(requests: &[Value]) -> Vec<String> {
    // Makes the environment.
    drop(Server::start());
    let interpreter = program("../../target/access-venv/bin/python3");
    let mut child = Command::new(interpreter)
        .arg(program("signing.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for request in requests {
        writeln!(stdin, "{request}").unwrap();
    }
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(str::to_owned).collect()
}
