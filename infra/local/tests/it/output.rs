//! What is printed, and to whom.

use std::process::{Command, Stdio};

use crate::support::{Endpoint, code, directory, document, run, webhook_stage, workflow};

/// Nobody reads either output, as after `2>&1 | true`.
fn unread(command: &mut Command) -> Option<i32> {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    child.wait().unwrap().code()
}

#[test]
fn an_outcome_does_not_need_a_reader() {
    let (endpoint, directory) = (Endpoint::start("410"), directory());
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let stages = [("Hook", Some("Next"), None)];
    let path = write("w.json", &workflow(&endpoint.url(), &stages));
    let id = uuid::Uuid::from_u128(1).to_string();
    let document = write("d.json", &document("d", &id));
    let state = directory.path().join("state");
    let failed = unread(&mut run(&endpoint, &state, &path, &[&document]));
    assert_eq!(failed, Some(2));
    let mut ping = webhook_stage();
    ping.args(["ping", "--url", &endpoint.url()]);
    assert_eq!(unread(&mut ping), Some(2));
    for name in ["redrive", "status", "check"] {
        let mut command = webhook_stage();
        command.arg(name).arg("--state").arg(&state);
        assert_eq!(unread(&mut command), Some(0), "{name}");
    }
}

#[test]
fn a_documents_name_does_not_steer_the_terminal() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let path = directory.path().join("w.json");
    let stages = [("Hook", Some("Next"), None)];
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    let id = uuid::Uuid::from_u128(1).to_string();
    let documents = directory.path().join("\u{1b}[31mdocuments");
    std::fs::create_dir(&documents).unwrap();
    let name = "\\u001b[2J\\u009b31mx";
    std::fs::write(documents.join("1.json"), document(name, &id)).unwrap();
    std::fs::write(documents.join("2.json"), "{").unwrap();
    let state = directory.path().join("state");
    let with_json = run(&endpoint, &state, &path, &[&documents]);
    let arguments = with_json
        .get_args()
        .filter(|argument| *argument != "--json");
    let told = webhook_stage().args(arguments).output().unwrap();
    assert_eq!(code(&told), 1);
    let mut status = webhook_stage();
    let status = status
        .arg("status")
        .arg("--state")
        .arg(&state)
        .output()
        .unwrap();
    for bytes in [told.stdout, told.stderr, status.stdout] {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.is_empty());
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }
}
