//! The program itself: how long until documents in a directory are registered, and a person sees something.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;
use uuid::Uuid;

use crate::files::{SIZE, document};
use crate::pipeline::directory;
use crate::receiver::{WELL, now_micros};
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::{Stage, workflow};
use crate::terminal::Terminal;

pub(crate) const NAME: &str = "registering";
const DOCUMENTS: usize = 5_000;

pub(crate) fn run() -> Vec<Row> {
    let program = program();
    if !program.exists() {
        let build = "run `cargo build --release` first";
        return vec![Row::broken(NAME, "the program is not built", build)];
    }
    let directory = directory();
    let documents = directory.path().join("documents");
    fs::create_dir(&documents).unwrap();
    for _ in 0..DOCUMENTS {
        let id = Uuid::new_v4();
        fs::write(documents.join(format!("{id}.json")), document(id, SIZE)).unwrap();
    }
    let read = only_read(&documents);
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let exported = directory.path().join("workflow.json");
    fs::write(&exported, workflow(&[stage])).unwrap();
    let terminal = Terminal::new();
    let (began, began_micros) = (Instant::now(), now_micros());
    let mut child = Command::new(program)
        .args(["run", "--allow-network", "127.0.0.0/8", "--json"])
        .args([Path::new("--workflow"), &exported])
        .args([Path::new("--documents"), &documents])
        .args([Path::new("--state"), &directory.path().join("state")])
        .stdout(Stdio::null())
        .stderr(terminal.end())
        .spawn()
        .unwrap();
    let shown = terminal.first_output().map(|at| (at - began).as_secs_f64());
    let status = child.wait().unwrap();
    let took = began.elapsed().as_secs_f64();
    let calls = remote.calls();
    // No call is made before all documents are registered and assigned.
    let first = calls.iter().map(|call| call.at - began_micros).min();
    let registered = first.unwrap_or(i64::MAX) as f64 / 1e6;
    let rate = DOCUMENTS as f64 / registered;
    let is_well = status.success() && calls.len() == DOCUMENTS;
    let outcome = format!("{}; {status}", calls.len());
    let shown = shown.unwrap_or(f64::INFINITY);
    let all = "until the program ended, all files delivered";
    vec![
        Row::number(
            NAME,
            "registered and assigned, up to the first call",
            rate,
            "documents/s",
        )
        .at_least(10_000.0),
        Row::number(NAME, "the same files only read", read, "documents/s"),
        Row::number(
            NAME,
            "registering, of only reading",
            rate / read * 100.0,
            "%",
        ),
        Row::number(NAME, "first output on a terminal", shown, "s").at_most(1.0),
        Row::number(NAME, "first call", registered, "s"),
        Row::number(NAME, all, took, "s"),
        Row::if_broken(!is_well, NAME, "calls; exit", outcome),
    ]
}

/// Beside this bench, which is built by the same profile.
fn program() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("release").join("webhook-stage")
}

/// Documents a second, of a loop that opens each file and reads it.
fn only_read(documents: &Path) -> f64 {
    let began = Instant::now();
    let mut bytes = 0;
    for entry in fs::read_dir(documents).unwrap() {
        bytes += fs::read(entry.unwrap().path()).unwrap().len();
    }
    assert_eq!(bytes, DOCUMENTS * SIZE);
    DOCUMENTS as f64 / began.elapsed().as_secs_f64()
}
