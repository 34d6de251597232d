//! Clients that are not this project's, against the deployed API: the programs of `tests/api`, as `tests/tests/api` runs them against
//! the local server.

use std::path::Path;
use std::process::Command;

use crate::api::{emulator, key};

/// Each program has a team of its own, because it looks at all that the team has.
fn passes(program: &str, team: &str, arguments: &[String]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("api");
    let mut python = Command::new("python3");
    python.arg(path.join(program)).env("API_TEAM", team);
    python.arg(emulator().output("ApiUrl")).args(arguments);
    let output = python.output().unwrap();
    let said = [output.stdout, output.stderr];
    let [out, err] = said.map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{program}: {out}\n{err}");
}

#[test]
fn a_receiver_sends_files_back_during_the_call() {
    let admin = key("clinic", "admin", "42");
    passes("check_receiver.py", "clinic", &[admin]);
}

#[test]
fn darwin_py() {
    let admin = key("darwin", "admin", "42");
    let worker = key("darwin", "annotator", "7");
    let another = key("another", "owner", "1");
    let keys = [admin.clone(), worker, another];
    passes("check_darwin_py.py", "darwin", &keys);
    passes("check_darwin_py_older.py", "darwin", &[admin]);
}

#[test]
#[ignore = "takes minutes: cargo test -p tests --test aws clients:: -- --ignored"]
fn answers_are_as_the_document_says() {
    let owner = key("schema", "owner", "1");
    passes("check_schema.py", "schema", &[owner]);
}
