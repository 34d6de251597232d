//! An example receiver: a Lambda function behind API Gateway that accepts webhook calls.
//!
//! It shows what a receiver should do: check the signature if there is a signing secret, recognise a repeated
//! call by its `webhook-id`, and answer quickly.

mod document;
mod event;
mod script;
mod seen;
mod signature;

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

pub use script::{Script, ScriptError};
pub use signature::{SecretError, Secrets, SignatureError};

use crate::document::Summary;
use crate::event::Request;
use crate::seen::Seen;

/// Settings of the receiver.
#[derive(Debug, Default)]
pub struct Config {
    /// Signing secrets; without any, signatures are not checked.
    pub secrets: Secrets,
    /// The statuses to answer with; by default 200.
    pub script: Script,
    /// Other statuses for items whose name contains a text. The first entry that matches counts.
    pub scripts_by_name: Vec<(String, Script)>,
    /// The prefix of the paths to which `scripts_by_name` applies; without it, to all.
    pub only_path: Option<String>,
}

/// A receiver. It remembers recent calls in memory only, which is enough to show idempotency but not to rely
/// on.
#[derive(Debug)]
pub struct Receiver {
    config: Config,
    seen: Mutex<Seen>,
}

impl Receiver {
    /// A receiver that has seen nothing yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            seen: Mutex::default(),
        }
    }

    /// Answers an event of API Gateway (HTTP API or REST proxy) or of a load balancer.
    #[must_use]
    pub fn answer(&self, event: &Value) -> Value {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let (status, body) = self.decide(event, now);
        let mut answer = event::headers(event);
        answer.insert("statusCode".to_owned(), status.into());
        answer.insert("body".to_owned(), body.to_string().into());
        answer.insert("isBase64Encoded".to_owned(), false.into());
        Value::Object(answer)
    }

    fn script(&self, request: &Request<'_>, name: Option<&str>) -> &Script {
        let is_there = self
            .config
            .only_path
            .as_ref()
            .is_none_or(|path| request.is_under(path));
        let name = name.filter(|_| is_there).unwrap_or_default();
        let by_name = &self.config.scripts_by_name;
        by_name
            .iter()
            .find(|(text, _)| name.contains(text.as_str()))
            .map_or(&self.config.script, |(_, script)| script)
    }

    fn decide(&self, event: &Value, now: u64) -> (u16, Value) {
        let request = match Request::read(event) {
            Ok(request) => request,
            Err(problem) => return (400, json!({"error": problem})),
        };
        if let Err(error) = self.config.secrets.check(&request, now) {
            tracing::warn!(code = error.code(), "call refused");
            return (401, json!({"error": error.to_string()}));
        }
        let summary = match Summary::read(&request.body) {
            Ok(summary) => summary,
            Err(problem) => return (400, json!({"error": problem})),
        };
        // Calls without an id are not duplicates of each other.
        let id = request.header("webhook-id");
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = id.map(|id| seen.note(id)).unwrap_or_default();
        let status = self
            .script(&request, summary.name.as_deref())
            .status(before.calls);
        let duplicate = before.accepted;
        if let Some(id) = id.filter(|_| (200..300).contains(&status)) {
            seen.accept(id);
        }
        tracing::info!(
            webhook_id = id.unwrap_or_default(),
            attempt = request.header("webhook-attempt").unwrap_or_default(),
            item_id = summary.item_id,
            name = summary.name,
            annotations = summary.annotations,
            status,
            duplicate,
            "webhook call"
        );
        let received =
            json!({"received": summary.item_id, "webhook_id": id, "duplicate": duplicate});
        (status, received)
    }
}
