//! Planted secrets, searched for wherever they must not be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::support::{Endpoint, TOKEN, code, directory, example, run, stderr, webhook_stage};

const SIGNING: &str = "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC0xMjM0";

fn files(directory: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found)
        } else {
            found.push(path)
        }
    }
}

fn contains(bytes: &[u8], needle: &str) -> bool {
    bytes
        .windows(needle.len())
        .any(|window| window == needle.as_bytes())
}

#[test]
fn secrets_are_in_the_secrets_file_and_nowhere_else() {
    let mut workflow: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example("workflow.json")).unwrap()).unwrap();
    let config = &mut workflow["stages"][1]["config"];
    config["signing_secrets"] = serde_json::json!([SIGNING]);
    config["authorization_header"] = TOKEN.into();
    let state = directory();
    let path = state.path().join("w.json");
    std::fs::write(&path, workflow.to_string()).unwrap();
    // One receiver takes the signature, one expects another secret and so refuses every call.
    for (accepted, expected) in [(SIGNING, 0), ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", 2)] {
        let endpoint = Endpoint::with("200", Duration::ZERO, accepted);
        let dir = state.path().join(format!("s{expected}"));
        let document = example("documents/front_01.json");
        let output = run(&endpoint, &dir, &path, &[&document])
            .arg("-vv")
            .output()
            .unwrap();
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        assert!(stderr(&output).contains("attempt"), "the log was on");
        let mut all = Vec::new();
        files(&dir, &mut all);
        assert!(all.len() >= 2, "{all:?}");
        for needle in [TOKEN, "planted-5f2c9d7e", SIGNING, "cGxhbnRlZC1zaWduaW5n"] {
            assert!(!contains(&output.stdout, needle) && !contains(&output.stderr, needle));
            for file in &all {
                let is_secrets = file.file_name().is_some_and(|name| name == "secrets.json");
                let has = contains(&std::fs::read(file).unwrap(), needle);
                assert_eq!(has, is_secrets, "{needle} in {}", file.display());
            }
        }
        let mode = std::fs::metadata(dir.join("secrets.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// What `workflow get` prints has only a reference to them.
#[test]
fn another_authorization_keeps_the_signing_secrets() {
    let mut workflow: serde_json::Value =
        serde_json::from_slice(&std::fs::read(example("workflow.json")).unwrap()).unwrap();
    workflow["stages"][1]["config"]["signing_secrets"] = serde_json::json!([SIGNING]);
    let (endpoint, scratch) = (Endpoint::start("200"), directory());
    let (state, path) = (scratch.path().join("state"), scratch.path().join("w.json"));
    std::fs::write(&path, workflow.to_string()).unwrap();
    let document = example("documents/front_01.json");
    let output = run(&endpoint, &state, &path, &[&document])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let on_state = |arguments: &[&str]| {
        let mut program = webhook_stage();
        program.arg("workflow").args(arguments).arg("--state");
        let program = program.arg(&state).env("OTHER_TOKEN", "Bearer another");
        let output = program.output().unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        output.stdout
    };
    let stored = on_state(&["get", workflow["id"].as_str().unwrap()]);
    assert!(!contains(&stored, SIGNING) && contains(&stored, "secret_ref"));
    std::fs::write(&path, stored).unwrap();
    let path = path.to_str().unwrap();
    on_state(&["put", path, "--authorization-env", "OTHER_TOKEN"]);
    let secrets = std::fs::read(state.join("secrets.json")).unwrap();
    assert!(contains(&secrets, SIGNING) && contains(&secrets, "Bearer another"));
}
