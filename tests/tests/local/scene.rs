//! A state directory, documents, a receiver, and the program that works on them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use delivery::FileKey;
use delivery::ports::{Lists, Workflows};
use embedded::{Engine, Options};
use serde_json::{Value, json};
use simulation::check::Violation;
use simulation::check::{self, Evidence};
use tempfile::TempDir;
use uuid::Uuid;

use crate::receiver::{Answer, Receiver};

/// Calls at the same time.
pub const CONCURRENCY: usize = 16;

pub struct Scene {
    pub receiver: Receiver,
    directory: TempDir,
    files: usize,
}

/// What one run of the program said.
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Scene {
    pub async fn new(files: usize, answer: Answer) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let documents = directory.path().join("documents");
        std::fs::create_dir(&documents).unwrap();
        for number in 0..files {
            let document = json!({"version": "2.0", "item": {"name": format!("{number}.jpg"),
                "path": "/", "source_info": {"item_id": Uuid::from_u128(number as u128 + 1),
                "team": {"slug": "team"}, "dataset": {"slug": "dataset"}}, "slots": []},
                "annotations": []});
            let path = documents.join(format!("{number}.json"));
            std::fs::write(path, document.to_string()).unwrap();
        }
        let receiver = Receiver::start(answer).await;
        std::fs::write(
            directory.path().join("workflow.json"),
            workflow(&receiver.url),
        )
        .unwrap();
        Self {
            receiver,
            directory,
            files,
        }
    }

    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// The state directory's database, or its write-ahead log.
    pub fn database(&self, ending: &str) -> PathBuf {
        self.state().join(format!("webhook-stage.db{ending}"))
    }

    /// The command line that works until every file is at rest; `before` it, in the same shell.
    pub fn command(&self, program: &Path, before: &str) -> Command {
        let path = |name: &str| self.directory.path().join(name).display().to_string();
        let run = format!(
            "{before} exec {} run --workflow {} --documents {} --state {} --allow-network 127.0.0.0/8 \
             --concurrency {CONCURRENCY} --json",
            program.display(),
            path("workflow.json"),
            path("documents"),
            path("state"),
        );
        let mut command = Command::new("bash");
        command.args(["-c", &run]);
        command.stdin(Stdio::null());
        command
    }

    /// Where a program that is not waited for says what it does.
    pub fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Runs the program to its end, which must come soon.
    pub async fn run(&self, program: &Path, before: &str) -> Ran {
        let mut command = tokio::process::Command::from(self.command(program, before));
        command.kill_on_drop(true);
        let ended = tokio::time::timeout(Duration::from_secs(120), command.output());
        let output = ended.await.expect("it hangs").unwrap();
        output.into()
    }

    /// What is broken, once every file should have come to rest.
    pub async fn violations(&self, excused: impl Fn(&check::Call) -> bool) -> Vec<Violation> {
        let engine = Engine::open(&self.state(), Options::default()).unwrap();
        let workflow = engine
            .workflow("team", id("workflow"))
            .await
            .unwrap()
            .unwrap();
        let files = engine.states(None, u32::MAX).await.unwrap();
        assert_eq!(files.len(), self.files);
        let (mut visits, mut attempts) = (Vec::new(), Vec::new());
        for number in 0..self.files {
            let key = FileKey {
                team: "team".to_owned(),
                item_id: Uuid::from_u128(number as u128 + 1),
            };
            visits.extend(engine.visits(&key).await.unwrap());
            attempts.extend(engine.attempts(&key).await.unwrap());
        }
        let calls = self.receiver.seen.calls().into_iter();
        let evidence = Evidence {
            workflow: &workflow,
            files,
            visits,
            attempts,
            rejections: Vec::new(),
            parked: Vec::new(),
            commands: Vec::new(),
            calls: calls
                .map(|call| check::Call {
                    excused: excused(&call),
                    ..call
                })
                .collect(),
            most_calls: ["First", "Second"].map(|name| (id(name), 3)).into(),
            early: Duration::from_millis(1_500),
            announced: None,
            held: Vec::new(),
            limits: BTreeMap::new(),
        };
        evidence.violations()
    }

    /// How many calls came twice.
    pub fn doubled(&self) -> usize {
        let calls = self.receiver.seen.by_call();
        calls.values().map(|count| count - 1).sum()
    }
}

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Two Webhook stages one after the other, each with two retries; the first comes later than what it may come
/// early by, or it could not be too early.
fn workflow(url: &str) -> String {
    let edge = |name: &str, to: &str| json!({"name": name, "target_stage_id": id(to)});
    // No breaker: this receiver refuses nearly half of the first calls, and a breaker that opens now and then would let files
    // fail without the calls that are to be interrupted.
    let webhook = |name: &str, on: &str| {
        json!({"id": id(name), "name": name, "type": "webhook",
            "config": {"url": url, "retry_delays": ["3s", "100ms"], "timeout": "5s", "breaker": false},
            "edges": [edge("succeeded", on), edge("failed", "Annotate")]})
    };
    let human =
        |name: &str| json!({"id": id(name), "name": name, "type": "annotate", "config": {}});
    let stages: [Value; 5] = [
        json!({"id": id("Dataset"), "name": "Dataset", "type": "dataset",
            "config": {"initial": true}, "edges": [edge("default", "First")]}),
        webhook("First", "Second"),
        webhook("Second", "Review"),
        human("Annotate"),
        human("Review"),
    ];
    json!({"id": id("workflow"), "name": "Two stages", "stages": stages}).to_string()
}
