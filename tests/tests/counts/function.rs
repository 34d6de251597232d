//! A function's own program, as Lambda runs it, on the endpoint of this process.
#![allow(
    dead_code,
    reason = "the binaries that share this file use parts of it"
)]

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::endpoint::{Endpoint, Sent};
use crate::template;

pub const QUEUES: &str = "https://sqs.us-east-1.amazonaws.com/123456789012";

pub struct Function {
    child: Child,
    endpoint: Endpoint,
    log: tempfile::NamedTempFile,
}

impl Function {
    /// Starts a function with the environment that the template gives it; `hello` is none of ours, and has the
    /// authorizer's. `before` are words that come before the program, such as `valgrind`.
    pub fn start(
        before: &[&str],
        program: &Path,
        parameters: &BTreeMap<String, String>,
        endpoint: &Endpoint,
    ) -> Self {
        let name = program.file_name().unwrap().to_str().unwrap();
        let of = if name == "hello" { "authorizer" } else { name };
        let (first, rest) = of.split_at(1);
        let resource = format!("{}{rest}", first.to_uppercase());
        let log = tempfile::NamedTempFile::new().unwrap();
        let words: Vec<&str> = [before, &[program.to_str().unwrap()]].concat();
        let mut command = Command::new(words[0]);
        command
            .args(&words[1..])
            .env_clear()
            .env("PATH", std::env::var("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", &endpoint.address)
            .env("AWS_LAMBDA_FUNCTION_NAME", format!("webhook-stage-{name}"))
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_FORMAT", "JSON")
            .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
            .env("AWS_ENDPOINT_URL", format!("http://{}", endpoint.address))
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TABLE_NAME", "webhook-stage-table")
            .env(
                "ASSIGNMENTS_QUEUE_URL",
                format!("{QUEUES}/webhook-stage-assignments"),
            )
            .env(
                "DELIVERIES_QUEUE_URL",
                format!("{QUEUES}/webhook-stage-deliveries"),
            )
            .env(
                "SLOW_DELIVERIES_QUEUE_URL",
                format!("{QUEUES}/webhook-stage-slow-deliveries"),
            )
            .env("DOCUMENTS_BUCKET", "webhook-stage-documents")
            .env("SECRETS_PREFIX", "webhook-stage/")
            .env("METRICS_NAMESPACE", "WebhookStage/webhook-stage")
            .envs(template::environment(&resource, parameters))
            .env("ACCEPTED_AUTHORIZATION_SHA256", "5a".repeat(32))
            // The receiver is here.
            .env("ALLOW_NETWORKS", "127.0.0.0/8")
            .stdout(Stdio::from(log.as_file().try_clone().unwrap()))
            .stderr(Stdio::inherit());
        Self {
            child: command
                .spawn()
                .unwrap_or_else(|error| panic!("{}: {error}", words[0])),
            endpoint: endpoint.clone(),
            log,
        }
    }

    /// Handles a batch of messages; none of them may fail.
    pub fn handle(&self, queue: &str, bodies: &[String]) {
        let answer = self.endpoint.invoke(&event(queue, bodies));
        let failed = &answer["batchItemFailures"];
        assert_eq!(*failed, json!([]), "{:#?}", self.lines(0));
    }

    /// How many bytes it has logged so far.
    pub fn logged(&self) -> u64 {
        File::open(self.log.path())
            .unwrap()
            .metadata()
            .unwrap()
            .len()
    }

    /// What it has logged from this byte on.
    pub fn lines(&self, from: u64) -> Vec<String> {
        let all = std::fs::read_to_string(self.log.path()).unwrap();
        all[usize::try_from(from).unwrap()..]
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Asks it to end, as the system does, and waits, so that a profiler can write what it knows.
    pub fn end(mut self) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap();
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As the event source mapping of a queue makes it.
fn event(queue: &str, bodies: &[String]) -> Value {
    let record = |body: &String| {
        json!({
            "messageId": uuid::Uuid::new_v4(),
            "receiptHandle": "A".repeat(180),
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1",
                "SentTimestamp": "1795770000000",
                "SenderId": "AROAEXAMPLE:webhook-stage",
                "ApproximateFirstReceiveTimestamp": "1795770000010",
                "MessageGroupId": "dc3ae097-b90a-5300-a5ca-fc299cc8032c",
            },
            "messageAttributes": {},
            "md5OfBody": "0cc175b9c0f1b6a831c399e269772661",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-1:123456789012:{queue}"),
            "awsRegion": "us-east-1",
        })
    };
    json!({"Records": bodies.iter().map(record).collect::<Vec<_>>()})
}

/// The bodies of those for the sender. A file must not turn slow here.
pub fn deliveries(sent: &[Sent]) -> Vec<String> {
    let of_fast_lane = |sent: &&Sent| sent.queue == "webhook-stage-deliveries";
    sent.iter()
        .filter(of_fast_lane)
        .map(|sent| sent.body.clone())
        .collect()
}
