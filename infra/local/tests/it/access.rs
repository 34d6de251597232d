//! The examples of stages that are authorized, run against receivers that check it with other libraries than ours.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::support::{code, directory, example, stderr, webhook_stage};

/// `tests/access/server.py`; it ends with this value.
struct Server {
    url: String,
    child: Child,
    _stdin: ChildStdin,
}

impl Server {
    fn start() -> Self {
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/access/server.py");
        let mut child = Command::new("python3")
            .arg(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("these tests need Python 3.11 or later, as `python3` on the PATH");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        assert!(
            line.starts_with("http://"),
            "it did not start; what it said is above"
        );
        Self {
            url: line.trim().to_owned(),
            _stdin: child.stdin.take().unwrap(),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an example with other settings of its Webhook stage.
fn run(name: &str, change: impl FnOnce(&mut Value)) -> (Output, String) {
    let mut workflow: Value =
        serde_json::from_slice(&std::fs::read(example(name)).unwrap()).unwrap();
    change(&mut workflow["stages"][1]["config"]);
    let state = directory();
    let path = state.path().join("workflow.json");
    std::fs::write(&path, workflow.to_string()).unwrap();
    let output = webhook_stage()
        .args([
            "run",
            "-vv",
            "--allow-network",
            "127.0.0.0/8",
            "--retry-delays",
            "1s",
        ])
        .args(["--workflow".as_ref(), path.as_os_str()])
        .args([
            "--documents".as_ref(),
            example("documents/front_01.json").as_os_str(),
        ])
        .args(["--state".as_ref(), state.path().join("state").as_os_str()])
        // As in `tests/access/signing.py`.
        .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "planted+secret/of-nobody")
        .env("AWS_SESSION_TOKEN", "planted+session/token")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let status = webhook_stage()
        .args(["status", "--item", &item(), "--state"])
        .arg(state.path().join("state"))
        .output()
        .unwrap();
    let status = String::from_utf8_lossy(&status.stdout).into_owned();
    for text in [
        &stderr(&output),
        &String::from_utf8_lossy(&output.stdout).into_owned(),
        &status,
    ] {
        assert!(!text.contains("planted"), "{text}");
    }
    (output, status)
}

fn item() -> String {
    let document = std::fs::read(example("documents/front_01.json")).unwrap();
    let document: Value = serde_json::from_slice(&document).unwrap();
    document["item"]["source_info"]["item_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn with_oauth2(config: &mut Value, server: &Server, secret: &str) {
    config["url"] = format!("{}/protected", server.url).into();
    let authorization = &mut config["authorization"];
    authorization["token_url"] = format!("{}/token", server.url).into();
    authorization["client_id"] = "a client:1".into();
    authorization["client_secret"] = secret.into();
    config["headers"]["x-api-key"] = json!({"secret": "planted-api-key"});
}

#[test]
fn the_example_behind_oauth2() {
    let server = Server::start();
    let (output, _) = run("oauth2.json", |config| {
        with_oauth2(config, &server, "planted secret/%+&=:é");
    });
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let (output, status) = run("oauth2.json", |config| {
        with_oauth2(config, &server, "planted-but-wrong");
    });
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert!(status.contains("authorization_failed"), "{status}");
    let told = "the authorization server answered 401 (invalid_client)";
    assert!(status.contains(told), "{status}");
}

/// Without the feature `aws`, the run ends before a file is assigned.
#[test]
fn the_example_of_a_function_url() {
    let server = Server::start();
    let (output, status) = run("function-url.json", |config| {
        config["url"] = format!("{}/signed-for-aws/files", server.url).into();
        // As the URL of the example tells.
        config["authorization"]["service"] = "lambda".into();
        config["authorization"]["region"] = "eu-west-1".into();
    });
    if cfg!(feature = "aws") {
        assert_eq!(code(&output), 0, "{}{status}", stderr(&output));
    } else {
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        assert!(
            stderr(&output).contains("--features aws"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_refused_with_the_workflow() {
    let (output, _) = run("oauth2.json", |config| {
        let pem = "-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----\n";
        config["client_certificate"] = json!({"certificate": pem, "key": "planted"});
    });
    assert_eq!(code(&output), 1);
    let expected = "error[client_certificate_unreadable]: ";
    assert!(stderr(&output).starts_with(expected), "{}", stderr(&output));
}
