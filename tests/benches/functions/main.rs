//! The instructions that the dispatcher and the sender need for a batch, counted by callgrind on their own programs, built as
//! SAM builds them but for this machine's processor. Services and receiver are in this process and speak plain HTTP, so
//! TLS is not in the figures. It fails if they are not those in `infra/sam/counts.json`, give or take a tenth; `UPDATE_COUNTS=1`
//! writes them there. Needs valgrind.
//!
//! Batches after the first ten are counted, so that the start is apart.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[path = "../../tests/aws/emulator.rs"]
mod emulator;
#[path = "../../tests/counts/endpoint.rs"]
mod endpoint;
#[path = "../../tests/counts/function.rs"]
mod function;
#[path = "../../tests/counts/kept.rs"]
mod kept;
#[path = "../../tests/counts/run.rs"]
mod run;
#[path = "../../tests/counts/table.rs"]
mod table;
#[path = "../../tests/counts/template.rs"]
mod template;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::function::{Function, deliveries};
use crate::run::{ASSIGNMENTS, DELIVERIES, Scene};

const BATCHES: [usize; 3] = [1, 10, 50];
const FEW: usize = 10;
const MANY: usize = 30;

#[tokio::main]
async fn main() {
    let programs = programs();
    let mut counted = json!({"instructions": {"dispatcher": {}, "sender": {}}});
    for batch in BATCHES {
        let scene = Scene::new(&programs, template::defaults(), false).await;
        let stage = scene.workflow.first_webhook().unwrap().id;
        let mut of = |name: &str, queue: &str, messages: &[Vec<String>; 2]| {
            let [few, many] = messages
                .each_ref()
                .map(|all| instructions(&scene, name, queue, all, batch));
            let each = (many - few) / (MANY - FEW) as u64;
            println!(
                "{name:10} batches of {batch:2}: {:6.2} million instructions a batch, {:5.2} a file; start and {FEW} batches {:.0}",
                each as f64 / 1e6,
                each as f64 / 1e6 / batch as f64,
                few as f64 / 1e6
            );
            counted["instructions"][name][batch.to_string()] =
                json!(each.div_ceil(10_000) * 10_000);
        };
        let files = [FEW, MANY].map(|batches| batches * batch);
        of(
            "dispatcher",
            ASSIGNMENTS,
            &files.map(|files| scene.assignments(stage, files)),
        );
        let opened = deliveries(&scene.endpoint.sent());
        let (few, many) = opened.split_at(files[0]);
        of("sender", DELIVERIES, &[few.to_vec(), many.to_vec()]);
    }
    kept::compare(&counted);
}

/// As `sam build` builds them (`functions/.cargo/config.toml`), for this machine.
fn programs() -> PathBuf {
    let target = emulator::root().join("target/functions");
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--release",
            "--locked",
            "-p",
            "dispatcher",
            "-p",
            "sender",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(emulator::root().join("functions"))
        .status();
    assert!(built.unwrap().success(), "the functions do not build");
    target.join("release")
}

fn instructions(
    scene: &Scene<'_>,
    name: &str,
    queue: &str,
    messages: &[String],
    batch: usize,
) -> u64 {
    let file = tempfile::NamedTempFile::new().unwrap();
    let out = format!("--callgrind-out-file={}", file.path().display());
    let valgrind = ["valgrind", "--quiet", "--tool=callgrind", &out];
    let program = scene.programs.join(name);
    let function = Function::start(&valgrind, &program, &scene.parameters, &scene.endpoint);
    for batch in messages.chunks(batch) {
        function.handle(queue, batch);
    }
    function.end();
    total(file.path())
}

/// The line `totals: 12345` of callgrind's file.
fn total(file: &Path) -> u64 {
    let written = std::fs::read_to_string(file).unwrap();
    let total = written
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    total.expect("callgrind wrote no totals").parse().unwrap()
}
