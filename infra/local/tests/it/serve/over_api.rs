//! The command line over the API, with the key of a team and no state directory.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{Server, key};
use crate::support::{
    Endpoint, TOKEN, code, directory, document, rows, stderr, webhook_stage, workflow,
};

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// A server, and a directory with a workflow's file and documents.
struct Scene {
    endpoint: Endpoint,
    directory: TempDir,
    server: Server,
    key: String,
}

impl Scene {
    fn start(respond: &str, role: &str) -> Self {
        let (endpoint, directory) = (Endpoint::start(respond), directory());
        let state = directory.path().join("state");
        let key = key(&state, role);
        let server = Server::start(&state);
        let stages = [("Hook", Some("Annotate"), Some("Failures"))];
        let file = directory.path().join("workflow.json");
        // The URL and the value come from the command line.
        let given =
            workflow("http://127.0.0.1:9/elsewhere", &stages).replace(TOKEN, "Bearer other");
        std::fs::write(file, given).unwrap();
        let documents = directory.path().join("documents");
        std::fs::create_dir(&documents).unwrap();
        for name in ["a", "b"] {
            let text = document(name, &id(name).to_string());
            std::fs::write(documents.join(format!("{name}.json")), text).unwrap();
        }
        Self {
            endpoint,
            directory,
            server,
            key,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = webhook_stage();
        command
            .env("THE_KEY", &self.key)
            .current_dir(self.directory.path());
        command
            .args(arguments)
            .args(["--key-env", "THE_KEY", "--api"]);
        command
            .arg(format!("http://{}", self.server.address))
            .output()
            .unwrap()
    }

    /// What a command that succeeds prints.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn assign(&self) {
        let (url, workflow) = (self.endpoint.url(), id("workflow").to_string());
        let put = [
            "workflow",
            "put",
            "workflow.json",
            "--url",
            &url,
            "--authorization-env",
            "TEST_TOKEN",
        ];
        // The second time it replaces the first.
        for _ in 0..2 {
            assert_eq!(self.ok(&put).trim(), workflow);
        }
        self.ok(&[
            "assign",
            "--workflow",
            &workflow,
            "--documents",
            "documents",
        ]);
    }

    /// The rows of `status`, once no file of the two is under way.
    fn at_rest(&self) -> Vec<Value> {
        loop {
            let rows = rows(&self.run(&["status", "--json"]));
            if rows
                .iter()
                .filter(|row| row.get("item_id").is_some())
                .count()
                == 2
            {
                return rows;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

#[test]
fn a_workflow_is_stored_and_its_files_are_assigned_and_listed() {
    let scene = Scene::start("200", "admin");
    scene.assign();
    for row in scene.at_rest() {
        assert_eq!(
            (&row["stage"], &row["webhook"]),
            (&json!("Annotate"), &json!("Hook"))
        );
        assert_eq!(
            (&row["outcome"], &row["status"]),
            (&json!("succeeded"), &json!(200))
        );
    }
    // The authorizer in front of the receiver has let both through.
    assert_eq!(scene.endpoint.count(), 2);
    let table = scene.ok(&["status", "--stage", "annotate"]);
    assert!(
        table.lines().count() == 3 && table.contains("succeeded"),
        "{table}"
    );
    let item = scene.ok(&["status", "--item", &id("a").to_string()]);
    assert!(item.contains("a is in Annotate since"), "{item}");
    let watched: Value = serde_json::from_str(&scene.ok(&["watch", "--once", "--json"])).unwrap();
    let staged = watched["stages"].as_array().unwrap();
    let annotate = staged
        .iter()
        .find(|row| row["stage"] == "Annotate")
        .unwrap();
    assert_eq!(
        (&watched["items"], &annotate["files"]),
        (&json!(2), &json!(2))
    );
    let stored: Value =
        serde_json::from_str(&scene.ok(&["workflow", "get", &id("workflow").to_string()])).unwrap();
    assert_eq!(stored["id"], id("workflow").to_string());
    assert!(!stored.to_string().contains("planted"));
}

#[test]
fn failed_files_are_sent_again_and_a_paused_stage_is_shown() {
    let scene = Scene::start("404", "admin");
    scene.assign();
    for row in scene.at_rest() {
        assert_eq!(
            (&row["stage"], &row["outcome"]),
            (&json!("Failures"), &json!("failed"))
        );
        assert_eq!(
            (&row["status"], &row["reason"]),
            (&json!(404), &json!("http_status"))
        );
    }
    let item = scene.ok(&["status", "--item", &id("a").to_string()]);
    assert!(
        item.contains("FAILED ATTEMPT") && item.contains("404"),
        "{item}"
    );
    let failed = scene.ok(&["status", "--failed"]);
    assert!(
        failed.lines().count() == 3 && failed.contains("HTTP 404"),
        "{failed}"
    );
    scene.ok(&["pause", "--stage", "hook", "--reason", "moving house"]);
    let shown = scene.ok(&["status"]);
    assert!(
        shown.contains("stage \"Hook\": paused by the user 7, since"),
        "{shown}"
    );
    assert!(shown.contains("moving house"), "{shown}");
    scene.ok(&["resume", "--stage", "hook"]);
    scene.ok(&["close", "--stage", "hook"]);
    let before = scene.endpoint.count();
    let again = scene.run(&[
        "redeliver",
        "--stage",
        "hook",
        "--item",
        &id("a").to_string(),
    ]);
    assert!(
        stderr(&again).contains("1 file sent again"),
        "{}",
        stderr(&again)
    );
    while scene.endpoint.count() == before {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn what_cannot_be_done_is_said_in_one_line() {
    let mut scene = Scene::start("200", "annotator");
    let lines = |output: &Output| {
        assert_eq!(code(output), 1);
        let text = stderr(output);
        assert_eq!(text.lines().count(), 1, "{text}");
        text
    };
    let refused = lines(&scene.run(&["workflow", "put", "workflow.json"]));
    assert!(
        refused.starts_with("error[api]: the API: ") && refused.contains("HTTP 403"),
        "{refused}"
    );
    let all_teams = lines(&scene.run(&["audit"]));
    assert!(
        all_teams.contains("concerns the files of all teams"),
        "{all_teams}"
    );
    let missing = lines(&scene.run(&["status", "--item", &id("none").to_string()]));
    assert!(missing.contains("the team t has no such file"), "{missing}");
    let another = lines(&scene.run(&["status", "--team", "u"]));
    assert!(another.contains("the key is of the team t"), "{another}");
    scene.key = format!("abcdefg.{}", "x".repeat(32));
    let unknown = lines(&scene.run(&["status"]));
    assert!(
        unknown.contains("HTTP 401") && !unknown.contains("xxxx"),
        "{unknown}"
    );
    scene.key = "two\nlines".to_owned();
    assert!(lines(&scene.run(&["status"])).contains("is not a key"));
    scene.server.kill();
    scene.key = format!("abcdefg.{}", "x".repeat(32));
    assert!(lines(&scene.run(&["watch"])).contains("cannot be reached"));
}

#[test]
fn documents_that_are_refused_keep_no_other_back() {
    let scene = Scene::start("200", "admin");
    let broken = scene.directory.path().join("documents/broken.json");
    std::fs::write(broken, "{").unwrap();
    let nameless = scene.directory.path().join("documents/nameless.json");
    let text = document("", &id("nameless").to_string());
    std::fs::write(nameless, text).unwrap();
    let put = ["workflow", "put", "workflow.json"];
    scene.ok(&put);
    let workflow = id("workflow").to_string();
    let unknown = id("unknown").to_string();
    let assigned = scene.run(&[
        "assign",
        "--workflow",
        &workflow,
        "--documents",
        "documents",
        "--item",
        &unknown,
    ]);
    let said = stderr(&assigned);
    assert_eq!(code(&assigned), 1, "{said}");
    assert!(said.contains("2 files assigned to \"Hook\""), "{said}");
    assert_eq!(said.matches("error[document_invalid]").count(), 2, "{said}");
    assert!(
        said.contains("error[unknown_item]") && said.contains("1 item "),
        "{said}"
    );
    assert!(Path::new(scene.directory.path()).join("state").exists());
}
