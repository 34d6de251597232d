//! A receiver in this process, and `webhook-stage` as a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use authorizer::Tokens;
use receiver::{Config, Receiver, Secrets};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use webhook_stage::gateway::{Gateway, serve};

pub const TOKEN: &str = "Bearer planted-5f2c9d7e-token";

/// A call as the receiver saw it.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub status: u16,
}

impl Call {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

pub struct Endpoint {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    pub fn start(respond: &str) -> Self {
        Self::with(respond, Duration::ZERO, "")
    }

    pub fn with(respond: &str, delay: Duration, signing_secrets: &str) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, address) = std::sync::mpsc::channel();
        let seen = Arc::clone(&calls);
        let config = Config {
            secrets: Secrets::parse(signing_secrets).unwrap(),
            script: respond.parse().unwrap(),
            ..Config::default()
        };
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                let gateway = Gateway {
                    tokens: Tokens::from_values([TOKEN]),
                    receiver: Receiver::new(config),
                    delay,
                    on_request: Box::new(move |received| {
                        seen.lock().unwrap().push(Call {
                            path: received.path.clone(),
                            headers: received.headers.clone(),
                            body: received.body.to_vec(),
                            status: received.status,
                        });
                    }),
                };
                serve(listener, gateway, async { drop(stopped.await) }).await;
            });
        });
        let address = address.recv().unwrap();
        Self {
            address,
            calls,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook?value=foo", self.address)
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub fn directory() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(path)
}

/// The real documents, where they are to be had.
pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(path);
    path.exists().then_some(path)
}

pub fn webhook_stage() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_webhook-stage"));
    command.env("TEST_TOKEN", TOKEN).env_remove("RUST_LOG");
    command
}

/// `run` against an endpoint, with short delays.
pub fn run(endpoint: &Endpoint, state: &Path, workflow: &Path, documents: &[&Path]) -> Command {
    let mut command = webhook_stage();
    command
        .arg("run")
        .arg("--workflow")
        .arg(workflow)
        .arg("--documents")
        .args(documents)
        .arg("--state")
        .arg(state)
        .args([
            "--url",
            &endpoint.url(),
            "--authorization-env",
            "TEST_TOKEN",
        ])
        .args(["--allow-network", "127.0.0.0/8", "--json"])
        .args(["--retry-delays", "20ms,20ms,20ms,20ms,20ms"]);
    command
}

/// The same command in a shell that first does what `before` says. A write beyond a file's largest size
/// then fails as one on a full disk does.
pub fn in_shell(before: &str, command: &Command) -> Command {
    let mut shell = Command::new("bash");
    let script = format!("trap '' XFSZ; {before} exec \"$@\"");
    shell
        .args(["-c", &script, "bash"])
        .arg(command.get_program());
    shell.args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            shell.env(name, value);
        }
    }
    shell
}

pub fn rows(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn code(output: &Output) -> i32 {
    output
        .status
        .code()
        .unwrap_or_else(|| panic!("killed: {}", stderr(output)))
}

/// A copy of the workflow in which each file's calls are its own: no circuit breaker holds any back.
pub fn without_breaker(workflow: &Path, directory: &Path) -> PathBuf {
    let text = std::fs::read(workflow).unwrap();
    let mut value: Value = serde_json::from_slice(&text).unwrap();
    for stage in value["stages"].as_array_mut().unwrap() {
        if stage["type"] == "webhook" {
            stage["config"]["breaker"] = false.into();
        }
    }
    let path = directory.join("without-breaker.json");
    std::fs::write(&path, value.to_string()).unwrap();
    path
}

/// Every `.json` file of a directory, by content.
pub fn contents(directory: &Path) -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// A document of its own, with a given id.
pub fn document(name: &str, item_id: &str) -> String {
    format!(
        r#"{{"version":"2.0","item":{{"name":"{name}","path":"/","source_info":{{"item_id":"{item_id}","team":{{"slug":"t"}},"dataset":{{"slug":"d"}}}},"slots":[]}},"annotations":[{{"id":"x","name":"{name}"}}]}}
"#
    )
}

/// A workflow of Webhook stages by name, with their edges; all else is human.
pub fn workflow(url: &str, stages: &[(&str, Option<&str>, Option<&str>)]) -> String {
    use uuid::Uuid;
    let id = |name: &str| Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string();
    let edge = |from: &str, name: &str, to: Option<&str>| {
        serde_json::json!({"id": id(&format!("{from}{name}")), "name": name,
            "source_stage_id": id(from), "target_stage_id": to.map(id)})
    };
    let mut all = vec![
        serde_json::json!({"id": id("Dataset"), "name": "Dataset", "type": "dataset",
        "config": {"initial": true}, "edges": [edge("Dataset", "default", Some(stages[0].0))]}),
    ];
    for (name, succeeded, failed) in stages {
        all.push(
            serde_json::json!({"id": id(name), "name": name, "type": "webhook",
            "config": {"url": url, "authorization_header": TOKEN,
                "retry_delays": ["20ms", "20ms"]},
            "edges": [edge(name, "succeeded", *succeeded), edge(name, "failed", *failed)]}),
        );
    }
    let human: std::collections::BTreeSet<&str> = stages
        .iter()
        .flat_map(|(_, succeeded, failed)| [*succeeded, *failed])
        .flatten()
        .filter(|name| stages.iter().all(|(stage, _, _)| stage != name))
        .collect();
    for name in human {
        all.push(
            serde_json::json!({"id": id(name), "name": name, "type": "annotate",
            "config": {"assignable_to": "anyone"}, "edges": []}),
        );
    }
    serde_json::json!({"id": id("workflow"), "name": "Test", "stages": all}).to_string()
}
