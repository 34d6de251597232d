//! Attempts that are due in hours.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::{Endpoint, code, directory, document, stderr, webhook_stage, workflow};

const ITEM: &str = "d39cf381-64f7-542d-8f32-7a00ca0f245a";

/// Starts the command, and waits until it says that it waits.
fn waits(command: &mut Command) -> (Child, String) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        said.push_str(&line);
        if line.contains("for the next attempt, the first for") {
            return (child, line);
        }
    }
    let ended = child.wait();
    panic!("it ended, {ended:?}: {said}");
}

/// As Ctrl-C does.
fn interrupt(mut child: Child) -> Option<i32> {
    let id = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(asked.success());
    child.wait().unwrap().code()
}

fn run(endpoint: &Endpoint, directory: &Path) -> Command {
    let mut command = webhook_stage();
    command.current_dir(directory);
    command.args([
        "run",
        "--workflow",
        "workflow.json",
        "--documents",
        "d.json",
    ]);
    command.args(["--allow-network", "127.0.0.0/8", "--state", "state"]);
    command.args([
        "--url",
        &endpoint.url(),
        "--authorization-env",
        "TEST_TOKEN",
    ]);
    command.args(["--retry-delays", "5h,24h"]);
    command
}

#[test]
fn a_run_says_that_it_waits_for_hours_and_may_be_stopped_meanwhile() {
    let (endpoint, directory) = (Endpoint::start("404"), directory());
    let path = directory.path();
    let stages = [("Hook", Some("Next"), Some("Failures"))];
    std::fs::write(
        path.join("workflow.json"),
        workflow(&endpoint.url(), &stages),
    )
    .unwrap();
    std::fs::write(path.join("d.json"), document("d", ITEM)).unwrap();
    for _ in 0..2 {
        let (child, said) = waits(&mut run(&endpoint, path));
        assert!(said.contains("1 file waits"), "{said}");
        let hours = ["4 h", "5 h"].map(|hours| said.contains(hours));
        assert!(hours.contains(&true), "{said}");
        assert_eq!(interrupt(child), Some(130));
    }
    assert_eq!(endpoint.count(), 1);
    let mut status = webhook_stage();
    status.current_dir(path);
    let status = status.args(["status", "--state", "state", "--item", ITEM]);
    let status = status.output().unwrap();
    assert_eq!(code(&status), 0, "{}", stderr(&status));
    let shown = String::from_utf8(status.stdout).unwrap();
    assert!(shown.contains("; attempt 2 is due in "), "{shown}");
}
