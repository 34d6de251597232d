//! A disk that takes no writes, for a moment or from the start.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Endpoint, code, directory, example, in_shell, rows, run, stderr, workflow};

/// Sets how large a file a process may write, in bytes; -1 is no limit.
fn largest_file(pid: u32, bytes: i64) {
    let script = "import resource as r, sys; pid, most = map(int, sys.argv[1:]); \
        r.prlimit(pid, r.RLIMIT_FSIZE, (most, r.RLIM_INFINITY))";
    let set = Command::new("python3")
        .args(["-c", script, &pid.to_string(), &bytes.to_string()])
        .status();
    assert!(set.unwrap().success());
}

/// Messages that could not be settled are settled when there is room again; they used to be out of
/// sight for ten minutes.
#[test]
fn a_disk_that_is_full_for_a_moment_delays_a_run_by_little_more() {
    let endpoint = Endpoint::with("200", Duration::from_millis(50), "");
    let directory = directory();
    let path = directory.path().join("workflow.json");
    // A claim outlives its call's timeout by 15 s, and nobody else may call before that.
    let quick = workflow(&endpoint.url(), &[("Hook", Some("Next"), None)])
        .replace("\"retry_delays\"", "\"timeout\":\"100ms\",\"retry_delays\"");
    std::fs::write(&path, quick).unwrap();
    let state = directory.path().join("state");
    let documents = example("documents");
    let mut command = run(&endpoint, &state, &path, &[&documents]);
    command.args(["--concurrency", "2"]);
    let mut child = in_shell("", &command)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while endpoint.count() < 4 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    largest_file(child.id(), 1);
    std::thread::sleep(Duration::from_secs(2));
    largest_file(child.id(), -1);
    let began = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if began.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(rows(&output).len(), 24);
}

/// A directory that is there, on a disk that is full: nothing of it is damaged.
#[test]
fn a_full_disk_is_not_called_damage() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let document = example("documents/front_01.json");
    let command = run(
        &endpoint,
        directory.path(),
        &example("workflow.json"),
        &[&document],
    );
    let output = in_shell("ulimit -f 1;", &command).output().unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("disk"), "{said}");
    assert!(!said.contains("damaged"), "{said}");
}
