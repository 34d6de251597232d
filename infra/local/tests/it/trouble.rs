//! Stages in trouble, over real HTTP: a dead receiver, one that comes back, a pause, a rate, and the receiver's word.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{code, directory, document, rows, stderr, webhook_stage, workflow};

/// What a receiver answers to its call of this number, at this time after its first: the head's lines after `HTTP/1.1`.
type Answers = dyn Fn(usize, Duration) -> &'static str + Send + Sync;

const OK: &str = "200 OK";
const DOWN: &str = "503 Service Unavailable";

/// A receiver that notes when each call came.
struct Moody {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Instant>>>,
}

impl Moody {
    fn start(answers: impl Fn(usize, Duration) -> &'static str + Send + Sync + 'static) -> Self {
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

    fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    fn times(&self) -> Vec<Instant> {
        self.calls.lock().unwrap().clone()
    }

    fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

fn serve(stream: &TcpStream, calls: &Mutex<Vec<Instant>>, answers: &Answers) {
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
struct Scene {
    directory: TempDir,
    receiver: Moody,
}

impl Scene {
    fn new(receiver: Moody, files: usize, config: &Value) -> Self {
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

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn documents(&self, from: usize, to: usize) {
        let documents = self.path("documents");
        std::fs::create_dir_all(&documents).unwrap();
        for number in from..to {
            let id = uuid::Uuid::from_u128(number as u128 + 1).to_string();
            let document = document(&format!("file_{number}"), &id);
            std::fs::write(documents.join(format!("{number}.json")), document).unwrap();
        }
    }

    fn running(&self) -> Command {
        self.running_with("workflow.json")
    }

    fn running_with(&self, workflow: &str) -> Command {
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

    fn run(&self) -> Output {
        self.running().output().unwrap()
    }

    fn operate(&self, args: &[&str]) -> Output {
        operate(&self.path("state"), args)
    }

    /// Runs until the receiver was called this often, and a person stops it.
    fn stopped_after(&self, calls: usize) -> Output {
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

fn operate(state: &Path, args: &[&str]) -> Output {
    let mut command = webhook_stage();
    command.args(args).arg("--state").arg(state);
    command.output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// How many rows have this outcome.
fn count(output: &Output, outcome: &str) -> usize {
    let rows = rows(output);
    rows.iter().filter(|row| row["outcome"] == outcome).count()
}

#[test]
fn a_dead_receiver_is_called_seldom_and_its_files_fail_by_their_schedule() {
    let files = 300;
    let scene = Scene::new(
        Moody::start(|_, _| DOWN),
        files,
        &json!({"retry_delays": ["1s", "1s", "1s"]}),
    );
    let began = Instant::now();
    let output = scene.run();
    let took = began.elapsed();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(count(&output, "failed"), files);
    for row in rows(&output) {
        let reason = row["reason"].as_str().unwrap();
        assert!(["circuit_open", "http_status"].contains(&reason), "{row}");
        assert_eq!(
            (&row["attempts"], &row["moved_to"]),
            (&json!(4), &json!("Back"))
        );
    }
    let calls = scene.receiver.count();
    // Without a breaker, 1200.
    assert!(calls < files, "{calls} calls");
    let table = stdout(&scene.operate(&["status", "--failed"]));
    let shown = table.lines().skip(1).map(|line| {
        let calls = line.split_whitespace().nth(4).unwrap();
        calls.parse::<usize>().unwrap()
    });
    assert_eq!(shown.sum::<usize>(), calls);
    // Three delays, and as long again for its patience.
    assert!(took < Duration::from_secs(60), "{took:?}");
    let said = stderr(&output);
    assert_eq!(
        said.matches("Hook: the receiver is in trouble (http_status); the circuit breaker is open: no calls for 1 s").count(),
        1,
        "{said}"
    );
}

#[test]
fn a_receiver_that_dies_and_comes_back_gets_every_file() {
    let (files, outage) = (100, 3);
    let answers = move |number: usize, since: Duration| {
        if number <= 20 || since > Duration::from_secs(outage) {
            OK
        } else {
            DOWN
        }
    };
    let scene = Scene::new(
        Moody::start(answers),
        files,
        &json!({"retry_delays": ["1s", "2s", "4s", "8s"]}),
    );
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), files);
    let said = stderr(&output);
    for line in ["is in trouble", "answers again"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
    let calls = scene.receiver.count();
    assert!(calls < 2 * files, "{calls} calls");
}

#[test]
fn a_breaker_never_holds_back_what_has_no_delays() {
    for (config, calls) in [
        (json!({"retry_delays": ["0s", "0s"]}), 3),
        (json!({"retry_delays": null, "max_retries": 0}), 1),
        (json!({"retry_if_fails": false}), 1),
        (json!({"breaker": false, "retry_delays": ["10ms"]}), 2),
        (json!({"breaker_patience": 0, "retry_delays": ["10ms"]}), 2),
    ] {
        let scene = Scene::new(Moody::start(|_, _| DOWN), 40, &config);
        let output = scene.run();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        for row in rows(&output) {
            assert_eq!(row["reason"], "http_status", "{config}");
        }
        assert_eq!(scene.receiver.count(), 40 * calls, "{config}");
    }
}

#[test]
fn a_paused_stages_files_wait_until_it_is_resumed() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    assert_eq!(code(&scene.run()), 0);
    let pause = [
        "pause",
        "--stage",
        "Hook",
        "--reason",
        "they \"move\" house",
    ];
    let paused = scene.operate(&pause);
    assert_eq!(code(&paused), 0, "{}", stderr(&paused));
    let said = stdout(&paused);
    assert!(
        said.starts_with("stage \"Hook\" is paused (by the operator, since "),
        "{said}"
    );
    assert!(said.contains("they \"move\" house"), "{said}");
    let again = stdout(&scene.operate(&["pause", "--stage", "Hook"]));
    assert!(
        again.contains("is already paused (by the operator")
            && again.contains("they \"move\" house"),
        "{again}"
    );

    scene.documents(1, 30);
    let calls = scene.receiver.count();
    let output = scene.run();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!((rows(&output).len(), scene.receiver.count()), (1, calls));
    let said = stderr(&output);
    assert!(
        said.contains("29 files wait: stage \"Hook\" is paused (by the operator"),
        "{said}"
    );
    assert!(said.contains("`webhook-stage resume --state"), "{said}");
    assert!(!said.contains("not finished"), "{said}");
    let redelivered = scene.operate(&["redeliver", "--stage", "Hook"]);
    assert_eq!(code(&redelivered), 3, "{}", stderr(&redelivered));

    let status = stdout(&scene.operate(&["status"]));
    assert!(
        status.contains("stage \"Hook\": paused by the operator, since "),
        "{status}"
    );
    assert!(status.contains("29 files wait"), "{status}");
    let status = rows(&scene.operate(&["status", "--json"]));
    let stage = status
        .iter()
        .find(|row| row["stage_control"] == "Hook")
        .unwrap();
    assert_eq!(stage["pause"]["reason"], "they \"move\" house");
    assert_eq!(stage["files_waiting"], 29);
    assert_eq!(stage["breaker"], Value::Null);

    let resumed = stdout(&scene.operate(&["resume", "--stage", "Hook"]));
    assert!(
        resumed.contains("is resumed; it was paused by the operator"),
        "{resumed}"
    );
    let again = stdout(&scene.operate(&["resume", "--stage", "Hook"]));
    assert_eq!(again, "stage \"Hook\" is not paused\n");
    let began = Instant::now();
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 29);
    for row in rows(&output)
        .iter()
        .filter(|row| row["outcome"] == "succeeded")
    {
        assert_eq!(row["attempts"], 1);
    }
    assert_eq!(scene.receiver.count(), 30);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "they were put off"
    );
    let status = scene.operate(&["status", "--json"]);
    assert!(
        rows(&status)
            .iter()
            .all(|row| row["stage_control"] == Value::Null)
    );
}

/// A copy of a workflow has the same stages' ids, and its deliveries are in the same message groups.
#[test]
fn a_pause_is_of_one_workflow_and_not_of_its_copy() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    assert_eq!(code(&scene.run()), 0);
    let text = std::fs::read(scene.path("workflow.json")).unwrap();
    let mut copy: Value = serde_json::from_slice(&text).unwrap();
    let original = copy["id"].as_str().unwrap().to_owned();
    copy["id"] = json!(uuid::Uuid::new_v4());
    let run_copy = |from: usize, to: usize| {
        let documents = scene.path("documents");
        std::fs::remove_dir_all(&documents).unwrap();
        scene.documents(from, to);
        scene.running_with("copy.json").output().unwrap()
    };
    std::fs::write(scene.path("copy.json"), copy.to_string()).unwrap();
    let mut put = webhook_stage();
    put.args(["workflow", "put", "--team", "t", "--state"]);
    let put = put.arg(scene.path("state")).arg(scene.path("copy.json"));
    assert_eq!(code(&put.output().unwrap()), 0);

    let ambiguous = scene.operate(&["pause", "--stage", "Hook"]);
    let said = stderr(&ambiguous);
    assert!(
        code(&ambiguous) == 1 && said.contains("choose one with --workflow ID"),
        "{said}"
    );
    let paused = scene.operate(&["pause", "--stage", "Hook", "--workflow", &original]);
    assert_eq!(code(&paused), 0, "{}", stderr(&paused));
    scene.documents(1, 20);
    let waiting = scene.run();
    assert_eq!(code(&waiting), 3, "{}", stderr(&waiting));
    let calls = scene.receiver.count();
    assert_eq!(calls, 1);
    let said = stderr(&waiting);
    assert!(
        said.contains(&format!("--stage Hook --workflow {original}`")),
        "{said}"
    );

    let output = run_copy(20, 40);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 20, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("19 files wait"),
        "{}",
        stderr(&output)
    );
    assert_eq!(scene.receiver.count(), calls + 20);
}

#[test]
fn a_stopped_run_can_be_paused_and_its_breaker_closed_by_hand() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_down = Arc::clone(&down);
    let answers = move |_: usize, _: Duration| {
        if is_down.load(std::sync::atomic::Ordering::SeqCst) {
            DOWN
        } else {
            OK
        }
    };
    let scene = Scene::new(
        Moody::start(answers),
        40,
        &json!({"retry_delays": ["4s", "4s"]}),
    );
    let stopped = scene.stopped_after(10);
    assert_eq!(code(&stopped), 130, "{}", stderr(&stopped));
    let status = stdout(&scene.operate(&["status"]));
    assert!(
        status.contains("stage \"Hook\": circuit breaker open since "),
        "{status}"
    );
    assert!(
        status.contains("http_status") && status.contains("40 files wait"),
        "{status}"
    );
    let status = rows(&scene.operate(&["status", "--json", "--stage", "Hook"]));
    assert_eq!(status[0]["breaker"]["phase"], "open");
    assert_eq!(status[0]["breaker"]["reason"], "http_status");

    assert_eq!(code(&scene.operate(&["pause", "--stage", "Hook"])), 0);
    let calls = scene.receiver.count();
    let output = scene.run();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(scene.receiver.count(), calls);
    assert!(
        stderr(&output).contains("40 files wait"),
        "{}",
        stderr(&output)
    );

    assert_eq!(code(&scene.operate(&["resume", "--stage", "Hook"])), 0);
    let closed = stdout(&scene.operate(&["close", "--stage", "Hook"]));
    assert!(
        closed.contains("has its circuit breaker closed by hand; it was open (http_status"),
        "{closed}"
    );
    let again = stdout(&scene.operate(&["close", "--stage", "Hook"]));
    assert_eq!(
        again,
        "stage \"Hook\" has its circuit breaker closed already\n"
    );
    down.store(false, std::sync::atomic::Ordering::SeqCst);
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 40);
}

#[test]
fn only_a_webhook_stage_that_exists_can_be_held_back() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    let none = scene.operate(&["pause", "--stage", "Hook"]);
    assert_eq!(code(&none), 1);
    assert!(
        stderr(&none).contains("not a state directory"),
        "{}",
        stderr(&none)
    );
    assert_eq!(code(&scene.run()), 0);
    for command in ["pause", "resume", "close"] {
        for (stage, says) in [
            (
                "Next",
                "error[usage]: --stage: \"Next\" is not a Webhook stage",
            ),
            ("Nowhere", "error[unknown_stage]"),
        ] {
            let output = scene.operate(&[command, "--stage", stage]);
            assert_eq!(code(&output), 1, "{command} {stage}");
            let said = stderr(&output);
            assert!(said.contains(says) && said.lines().count() == 1, "{said}");
        }
        let output = scene.operate(&[command]);
        assert_eq!(code(&output), 1);
    }
    for reason in ["", " ", "a\nb", &"x".repeat(201)] {
        let output = scene.operate(&["pause", "--stage", "Hook", "--reason", reason]);
        assert_eq!(code(&output), 1, "{reason:?}");
        assert!(
            stderr(&output).contains("at most 200 characters"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_rate_is_kept_and_spends_no_attempt() {
    let (files, rate) = (200, 40.0);
    let scene = Scene::new(Moody::start(|_, _| OK), files, &json!({"max_rate": "40/s"}));
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(rows(&output).iter().all(|row| row["attempts"] == 1));
    let times = scene.receiver.times();
    assert_eq!(times.len(), files);
    // Times are given out at 93 % of the rate, and used up to 1.25 s late.
    let window = Duration::from_secs(2);
    let most = ((window.as_secs_f64() + 1.25) * rate * 0.93).ceil() + 1.0;
    for (index, first) in times.iter().enumerate() {
        let within = times[index..]
            .iter()
            .take_while(|time| **time - *first < window);
        let within = within.count();
        assert!(within as f64 <= most, "{within} calls in {window:?}");
    }
    let least = Duration::from_secs_f64((files - 1) as f64 / (rate * 0.93) - 1.3);
    let took = *times.last().unwrap() - times[0];
    assert!(took >= least, "{took:?} instead of {least:?}");
}

#[test]
fn a_receiver_may_stop_a_file_or_its_stage() {
    let answers = |number: usize, _: Duration| match number {
        1 => "422 No\r\nwebhook-delivery: abort-message",
        2 => "500 No\r\nWebhook-Delivery: disable",
        _ => OK,
    };
    let config = json!({"receiver_control": true, "retry_delays": ["20ms", "20ms"]});
    let scene = Scene::new(Moody::start(answers), 1, &config);
    let aborted = scene.run();
    assert_eq!(code(&aborted), 2, "{}", stderr(&aborted));
    let row = &rows(&aborted)[0];
    assert_eq!(
        (&row["reason"], &row["attempts"]),
        (&json!("aborted"), &json!(1))
    );
    assert_eq!(scene.receiver.count(), 1);

    scene.documents(1, 2);
    let disabled = scene.run();
    assert_eq!(code(&disabled), 3, "{}", stderr(&disabled));
    let said = stderr(&disabled);
    assert!(said.contains("Hook: paused by the receiver (the receiver answered webhook-delivery: disable); its files wait"), "{said}");
    assert!(
        said.contains("1 file waits: stage \"Hook\" is paused (by the receiver"),
        "{said}"
    );
    assert_eq!(scene.receiver.count(), 2);

    assert_eq!(code(&scene.operate(&["resume", "--stage", "Hook"])), 0);
    let output = scene.run();
    let delivered = rows(&output);
    let delivered = delivered
        .iter()
        .find(|row| row["outcome"] == "succeeded")
        .unwrap();
    assert_eq!(delivered["attempts"], 1, "the attempt was not spent");
    assert_eq!(scene.receiver.count(), 3);
}

#[test]
fn a_receiver_has_no_word_without_the_setting() {
    let answers = |_: usize, _: Duration| "500 No\r\nwebhook-delivery: disable";
    let scene = Scene::new(Moody::start(answers), 1, &json!({"retry_delays": ["20ms"]}));
    let output = scene.run();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(rows(&output)[0]["reason"], "http_status");
    assert_eq!(scene.receiver.count(), 2);
}
