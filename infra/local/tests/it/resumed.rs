//! Commands that were cut short, and given again.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::{
    Endpoint, code, directory, document, example, rows, run, stderr, webhook_stage, workflow,
};

const FILES: usize = 24;

/// A state directory in which every file has failed at "Hook", and a receiver that is well again.
struct Failed {
    directory: tempfile::TempDir,
    well: Endpoint,
}

impl Failed {
    fn new(delay: Duration) -> Self {
        let (ill, directory) = (Endpoint::start("410"), directory());
        let path = directory.path().join("workflow.json");
        let stages = [("Hook", Some("Next"), Some("Failures"))];
        std::fs::write(&path, workflow(&ill.url(), &stages)).unwrap();
        let state = directory.path().join("state");
        let first = run(&ill, &state, &path, &[&example("documents")])
            .output()
            .unwrap();
        assert_eq!(code(&first), 2, "{}", stderr(&first));
        let well = Endpoint::with("200", delay, "");
        let failed = Self { directory, well };
        let mut put = webhook_stage();
        put.args(["workflow", "put", "--url", &failed.well.url(), "--state"]);
        let put = put.arg(&state).arg(&path).output().unwrap();
        assert_eq!(code(&put), 0, "{}", stderr(&put));
        failed
    }

    fn state(&self) -> std::path::PathBuf {
        self.directory.path().join("state")
    }

    fn on(&self, arguments: &[&str]) -> Output {
        let mut command = webhook_stage();
        command.args(arguments).arg("--state").arg(self.state());
        command.output().unwrap()
    }

    fn redeliver(&self) -> Command {
        let mut command = webhook_stage();
        command.args(["redeliver", "--stage", "Hook", "--concurrency", "2"]);
        command.args(["--json", "--allow-network", "127.0.0.0/8", "--state"]);
        command.arg(self.state());
        command
    }

    /// Kills the command once the receiver has answered some calls.
    fn killed(&self, mut command: Command) {
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while self.well.count() < 4 {
            assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Each file's call, and the id it had; a call that was under way may have come twice.
    fn called(&self) -> (usize, usize) {
        let calls = self.well.calls();
        let files: BTreeSet<Vec<u8>> = calls.iter().map(|call| call.body.clone()).collect();
        let ids: BTreeSet<&str> = calls
            .iter()
            .filter_map(|call| call.header("webhook-id"))
            .collect();
        (files.len(), ids.len())
    }
}

#[test]
fn a_redelivery_that_was_killed_goes_on_and_sends_no_file_twice() {
    let scene = Failed::new(Duration::from_millis(30));
    scene.killed(scene.redeliver());
    let rest = scene.redeliver().output().unwrap();
    assert_eq!(code(&rest), 0, "{}", stderr(&rest));
    assert!(stderr(&rest).contains("on their way"), "{}", stderr(&rest));
    assert_eq!(scene.called(), (FILES, FILES));
    let left = rows(&rest);
    assert!(!left.is_empty() && left.len() < FILES, "{}", left.len());
    assert!(left.iter().all(|row| row["outcome"] == "succeeded"));
}

#[test]
fn redrive_and_check_go_on_with_what_was_cut_short() {
    for command in [&["redrive"][..], &["audit", "--repair"]] {
        let scene = Failed::new(Duration::from_millis(30));
        scene.killed(scene.redeliver());
        let rest = scene.on(command);
        assert_eq!(code(&rest), 0, "{command:?}: {}", stderr(&rest));
        // What `run` was allowed: without it they would have failed for good.
        assert!(stderr(&rest).contains("127.0.0.0/8"), "{}", stderr(&rest));
        assert_eq!(scene.called(), (FILES, FILES), "{command:?}");
    }
}

#[test]
fn an_address_that_is_refused_is_named_and_shows_in_the_exit_code() {
    let scene = Failed::new(Duration::from_millis(30));
    scene.killed(scene.redeliver());
    std::fs::remove_file(scene.state().join("allowed-networks")).unwrap();
    let checked = scene.on(&["audit", "--repair"]);
    let other = ["--allow-network", "10.0.0.0/8"];
    let again = scene.on(&[&["redeliver", "--stage", "Hook"][..], &other].concat());
    for output in [checked, again] {
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        assert!(
            stderr(&output).contains("127.0.0.1/32"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn an_item_named_twice_is_sent_once() {
    let scene = Failed::new(Duration::ZERO);
    let item = "d39cf381-64f7-542d-8f32-7a00ca0f245a";
    let mut command = scene.redeliver();
    let output = command.args(["--item", item, "--item", item]).output();
    let output = output.unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!((rows(&output).len(), scene.well.count()), (1, 1));
}

#[test]
fn a_copy_of_a_workflow_has_files_of_its_own() {
    let (endpoint, directory) = (Endpoint::start("410"), directory());
    let state = directory.path().join("state");
    let first = workflow(&endpoint.url(), &[("Hook", Some("Next"), None)]);
    let id = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        value["id"].as_str().unwrap().to_owned()
    };
    let copied = uuid::Uuid::from_u128(9).to_string();
    let second = first.replace(&id(&first), &copied);
    for (number, text) in [(1, &first), (2, &second)] {
        let write = |name: &str, text: &str| {
            let path = directory.path().join(format!("{name}{number}.json"));
            std::fs::write(&path, text).unwrap();
            path
        };
        let item = uuid::Uuid::from_u128(number).to_string();
        let document = write("document", &document(&format!("d{number}"), &item));
        let output = run(&endpoint, &state, &write("workflow", text), &[&document])
            .output()
            .unwrap();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
    }
    let on = |arguments: &[&str]| {
        let mut command = webhook_stage();
        command.args(arguments).arg("--state").arg(&state);
        command.output().unwrap()
    };
    assert_eq!(rows(&on(&["status", "--json"])).len(), 2);
    assert_eq!(rows(&on(&["status", "--json", "--failed"])).len(), 2);
    let of_one = on(&["status", "--json", "--workflow", &copied]);
    assert_eq!(rows(&of_one)[0]["name"], "d2");
    let again = ["redeliver", "--json", "--allow-network", "127.0.0.0/8"];
    let again = [&again[..], &["--stage", "Hook"]].concat();
    let ambiguous = on(&again);
    assert_eq!(code(&ambiguous), 1);
    assert!(stderr(&ambiguous).contains("--workflow ID"));
    assert!(stderr(&ambiguous).contains(&copied));
    let one = on(&[&again[..], &["--workflow", &copied]].concat());
    assert_eq!(rows(&one).len(), 1, "{}", stderr(&one));
    assert_eq!(rows(&one)[0]["name"], "d2");
    assert_eq!(endpoint.count(), 3);
}
