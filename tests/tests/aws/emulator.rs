//! The emulator with the product deployed on it, one for all tests of a binary.
#![allow(
    dead_code,
    reason = "the binaries that share this file use parts of it"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use serde_json::Value;
use sha2::{Digest, Sha256};

pub const TOKEN: &str = "Bearer planted-7c1f-emulator-token";

/// A bucket of its owner's, which the template only knows by name.
pub const SOURCE_FILES: &str = "our-source-files";

/// What the README tells people to use.
const README_TOKEN: &str = "Bearer try-out";

pub struct Emulator {
    up: Value,
    programs: PathBuf,
    /// The end of its standard input ends the emulator.
    talk: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    _child: Child,
}

/// Starts it once; it ends with this process, whose end closes its standard input.
pub fn emulator() -> &'static Emulator {
    static EMULATOR: OnceLock<Emulator> = OnceLock::new();
    let bucket = format!("SourceFilesBucket={SOURCE_FILES}");
    let policies = "CreatePolicies=true";
    EMULATOR.get_or_init(|| start(&["--parameter", &bucket, "--parameter", policies]))
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// Builds the functions and says where they are. `cargo test` itself builds no binaries of packages
/// without integration tests. With a test beside them, the binaries have the dependencies that
/// `cargo test` has built; alone they would want the AWS SDK with other features, all over again.
pub fn programs() -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--workspace",
            "--bins",
            "--test",
            "worlds",
            "--locked",
            "--message-format",
            "json",
            "--quiet",
        ])
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(built.status.success(), "the functions do not build");
    let dispatcher = String::from_utf8(built.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| line["target"]["name"] == "dispatcher" && line["executable"].is_string())
        .map(|line| PathBuf::from(line["executable"].as_str().unwrap()));
    dispatcher.unwrap().parent().unwrap().to_owned()
}

/// Starts one with further options of `up.py`.
pub fn start(options: &[&str]) -> Emulator {
    let accepted = [TOKEN, README_TOKEN].map(sha256).join(",");
    let programs = programs();
    let mut child = Command::new("python3")
        .arg(root().join("tests/emulator/up.py"))
        .arg("--programs")
        .arg(&programs)
        .args([
            "--parameter",
            &format!("AcceptedAuthorizationSha256={accepted}"),
        ])
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("these tests need Python 3: install it, and `python3` on the PATH");
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let up = serde_json::from_str(&line)
        .unwrap_or_else(|_| panic!("the emulator did not come up; what it said is above: {line}"));
    Emulator {
        up,
        programs,
        talk: Mutex::new((child.stdin.take().unwrap(), stdout)),
        _child: child,
    }
}

fn sha256(token: &str) -> String {
    let hash = Sha256::digest(token.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Emulator {
    /// What a shell needs to reach it, with this workspace's programs and the AWS CLI on its path.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let text = |name: &str| self.up[name].as_str().unwrap().to_owned();
        let tools = root().join("target/emulator-venv/bin");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("{}:{}:{path}", self.programs.display(), tools.display());
        vec![
            ("PATH", path),
            ("AWS_ENDPOINT_URL", text("endpoint")),
            ("AWS_REGION", text("region")),
            // Version 1 of the AWS CLI knows the region by this name.
            ("AWS_DEFAULT_REGION", text("region")),
            ("AWS_ACCESS_KEY_ID", text("access_key_id")),
            ("AWS_SECRET_ACCESS_KEY", text("secret_access_key")),
            ("AWS_PAGER", String::new()),
        ]
    }

    /// Gives a command, such as `{"do": "kill", "function": "sender"}`, and waits until it is done.
    pub fn tell(&self, command: &Value) -> Value {
        let mut talk = self.talk.lock().unwrap();
        writeln!(talk.0, "{command}").unwrap();
        talk.0.flush().unwrap();
        let mut line = String::new();
        talk.1.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the emulator is gone: {line}"))
    }

    /// This workspace's programs.
    pub fn programs(&self) -> &Path {
        &self.programs
    }

    /// Where it is.
    pub fn endpoint(&self) -> &str {
        self.up["endpoint"].as_str().unwrap()
    }

    pub fn output(&self, name: &str) -> &str {
        self.up["outputs"][name]
            .as_str()
            .unwrap_or_else(|| panic!("no output {name}"))
    }

    /// What the functions and the emulator have logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.up["log"].as_str().unwrap()).unwrap())
            .into_owned()
    }

    /// What functions have asked of AWS, one object for each permission that a call needs: `role`, `action`,
    /// `resource`, whether it is `allowed`, and the answer's `status` and `code`.
    pub fn calls(&self) -> Vec<Value> {
        let lines = std::fs::read_to_string(self.up["calls"].as_str().unwrap()).unwrap();
        let lines = lines.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub fn config(&self) -> SdkConfig {
        let text = |name: &str| self.up[name].as_str().unwrap().to_owned();
        let (id, secret) = (text("access_key_id"), text("secret_access_key"));
        let credentials = Credentials::new(id, secret, None, None, "emulator");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(text("endpoint"))
            .region(Region::new(text("region")))
            .credentials_provider(aws_sdk_sqs::config::SharedCredentialsProvider::new(
                credentials,
            ))
            .sleep_impl(aws_sdk_sqs::config::SharedAsyncSleep::new(TokioSleep))
            .build()
    }
}

/// The SDK waits on this runtime between its retries.
#[derive(Debug)]
struct TokioSleep;

impl aws_sdk_sqs::config::AsyncSleep for TokioSleep {
    fn sleep(&self, duration: std::time::Duration) -> aws_sdk_sqs::config::Sleep {
        aws_sdk_sqs::config::Sleep::new(tokio::time::sleep(duration))
    }
}
