//! A receiver in a certain mood, and a state directory whose stage calls it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{directory, document, rows, webhook_stage, workflow};

/// What a receiver answers to its call of this number, at this time after its first: the head's lines after `HTTP/1.1`.
pub(crate) type Answers = dyn Fn(usize, Duration) -> &'static str + Send + Sync;

pub(crate) const OK: &str = "200 OK";
pub(crate) const DOWN: &str = "503 Service Unavailable";

/// A receiver that notes when each call came.
pub(crate) struct Moody {
    pub(crate) address: SocketAddr,
    pub(crate) calls: Arc<Mutex<Vec<Instant>>>,
}

impl Moody {
    pub(crate) fn start(
        answers: impl Fn(usize, Duration) -> &'static str + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calls = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&calls);
        let answers: Arc<Answers> = Arc::new(answers);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                std::thread::spawn(move || serve(&stream, &seen, &*answers));
            }
        });
        Self { address, calls }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn times(&self) -> Vec<Instant> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

pub(crate) fn serve(stream: &TcpStream, calls: &Mutex<Vec<Instant>>, answers: &Answers) {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) && line != "\r\n" {
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    if length == 0 || reader.read_exact(&mut body).is_err() {
        return;
    }
    let (number, since) = {
        let mut calls = calls.lock().unwrap();
        calls.push(Instant::now());
        (calls.len(), calls[0].elapsed())
    };
    let head = answers(number, since);
    let mut stream = stream;
    let _ = write!(
        stream,
        "HTTP/1.1 {head}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
}

/// A state directory, a workflow with the stage "Hook", and documents.
pub(crate) struct Scene {
    pub(crate) directory: TempDir,
    pub(crate) receiver: Moody,
}

impl Scene {
    pub(crate) fn new(receiver: Moody, files: usize, config: &Value) -> Self {
        let directory = directory();
        let text = workflow(&receiver.url(), &[("Hook", Some("Next"), Some("Back"))]);
        let mut value: Value = serde_json::from_str(&text).unwrap();
        for (field, set) in config.as_object().unwrap() {
            value["stages"][1]["config"][field] = set.clone();
        }
        std::fs::write(directory.path().join("workflow.json"), value.to_string()).unwrap();
        let scene = Self {
            directory,
            receiver,
        };
        scene.documents(0, files);
        scene
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn documents(&self, from: usize, to: usize) {
        let documents = self.path("documents");
        std::fs::create_dir_all(&documents).unwrap();
        for number in from..to {
            let id = uuid::Uuid::from_u128(number as u128 + 1).to_string();
            let document = document(&format!("file_{number}"), &id);
            std::fs::write(documents.join(format!("{number}.json")), document).unwrap();
        }
    }

    pub(crate) fn running(&self) -> Command {
        self.running_with("workflow.json")
    }

    pub(crate) fn running_with(&self, workflow: &str) -> Command {
        let mut command = webhook_stage();
        command
            .args(["run", "--json", "--allow-network", "127.0.0.0/8"])
            .arg("--workflow")
            .arg(self.path(workflow))
            .arg("--documents")
            .arg(self.path("documents"))
            .arg("--state")
            .arg(self.path("state"));
        command
    }

    pub(crate) fn run(&self) -> Output {
        self.running().output().unwrap()
    }

    pub(crate) fn operate(&self, args: &[&str]) -> Output {
        operate(&self.path("state"), args)
    }

    /// Runs until the receiver was called this often, and a person stops it.
    pub(crate) fn stopped_after(&self, calls: usize) -> Output {
        let mut command = self.running();
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        let child = command.spawn().unwrap();
        let began = Instant::now();
        while self.receiver.count() < calls && began.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Time to record what was answered.
        std::thread::sleep(Duration::from_millis(500));
        let id = child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &id])
                .status()
                .unwrap()
                .success()
        );
        child.wait_with_output().unwrap()
    }
}

pub(crate) fn operate(state: &Path, args: &[&str]) -> Output {
    let mut command = webhook_stage();
    command.args(args).arg("--state").arg(state);
    command.output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// How many rows have this outcome.
pub(crate) fn count(output: &Output, outcome: &str) -> usize {
    let rows = rows(output);
    rows.iter().filter(|row| row["outcome"] == outcome).count()
}
