//! Names as people give them: of directories, stages and files.

use std::process::Output;

use crate::support::{
    Endpoint, code, directory, document, rows, run, stderr, webhook_stage, workflow,
};

fn id(n: u128) -> String {
    uuid::Uuid::from_u128(n).to_string()
}

#[test]
fn a_state_directory_is_a_directory_whatever_its_name() {
    let (endpoint, place) = (Endpoint::start("200"), directory());
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let stages = [("Hook", Some("Next"), None)];
    let workflow = write("w.json", &workflow(&endpoint.url(), &stages));
    let document = write("d.json", &document("d", &id(1)));
    for (index, name) in [
        "file:state",
        "file:state?mode=memory",
        "file::memory:",
        ":memory:",
        "state?mode=ro#x",
        "st%61te",
        "-state",
        "it's a \"state\"",
    ]
    .into_iter()
    .enumerate()
    {
        for outcome in ["succeeded", "already_passed"] {
            let state = place.path().join(name);
            let relative = state.strip_prefix(place.path()).unwrap();
            let mut command = run(&endpoint, relative, &workflow, &[&document]);
            // One that begins with a dash is written in one word.
            let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
            let at = arguments
                .iter()
                .position(|argument| argument == "--state")
                .unwrap();
            command = webhook_stage();
            command
                .args(&arguments[..at])
                .arg(format!("--state={name}"));
            command.args(&arguments[at + 2..]).current_dir(place.path());
            let output = command.output().unwrap();
            assert_eq!(code(&output), 0, "{name}: {}", stderr(&output));
            assert_eq!(rows(&output)[0]["outcome"], outcome, "{name}");
            assert!(state.join("webhook-stage.db").is_file(), "{name}");
        }
        assert_eq!(endpoint.count(), index + 1, "{name}");
    }
}

#[test]
fn a_stage_is_found_by_what_its_name_looks_like() {
    let (endpoint, place) = (Endpoint::start("200"), directory());
    let stages = [
        ("Prüfung 2", Some("Prüfung 3"), None),
        ("Prüfung 3", Some("Next"), None),
    ];
    let path = place.path().join("w.json");
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    let file = place.path().join("d.json");
    std::fs::write(&file, document("d", &id(1))).unwrap();
    let state = place.path().join("s");
    let first = run(&endpoint, &state, &path, &[&file])
        .args(["--stage", "Pru\u{308}fung\u{a0}3 "])
        .output()
        .unwrap();
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    assert_eq!(rows(&first)[0]["stage"], "Prüfung 3");
    let of = |command: &str, stage: &str| -> Output {
        let mut program = webhook_stage();
        program.arg(command).arg("--state").arg(&state);
        program.args(["--stage", stage]).output().unwrap()
    };
    for stage in ["prüfung  2", "Pr\u{fc}fung\u{2009}3", "\tPrüfung 3"] {
        for command in ["status", "redeliver"] {
            assert_eq!(code(&of(command, stage)), 0, "{command} {stage}");
        }
    }
    for command in ["status", "redeliver"] {
        let unknown = of(command, "Рrüfung 3");
        assert_eq!(code(&unknown), 1);
        let told = "there is no stage \"Рrüfung 3\": the nearest, \"Prüfung 3\", has \"P\" in place of \"Р\" (U+0420) at its beginning; the stages are: \"Dataset\", \"Prüfung 2\", \"Prüfung 3\", \"Next\"";
        assert!(stderr(&unknown).contains(told), "{}", stderr(&unknown));
    }
}

#[test]
fn a_table_with_a_very_long_name_can_be_read() {
    let (endpoint, place) = (Endpoint::start("200"), directory());
    let stages = [("Hook", Some("Next"), None)];
    let path = place.path().join("w.json");
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    let long = format!("front_{}_0042.jpg", "x".repeat(2000));
    let file = place.path().join("d.json");
    std::fs::write(&file, document(&long, &id(1))).unwrap();
    let state = place.path().join("s");
    let output = run(&endpoint, &state, &path, &[&file]).output().unwrap();
    assert_eq!(rows(&output)[0]["name"], long);
    for more in [&["--stage", "Next"][..], &["--item", &id(1)]] {
        let mut status = webhook_stage();
        let status = status.arg("status").arg("--state").arg(&state).args(more);
        let table = String::from_utf8(status.output().unwrap().stdout).unwrap();
        assert!(
            table.contains("front_xx") && table.contains("x_0042.jpg"),
            "{table}"
        );
        for line in table.lines() {
            assert!(line.chars().count() < 160, "{line}");
        }
    }
}
