//! An example receiver: an API Gateway endpoint that takes webhook calls.
//!
//! It shows what a receiver should do: check the signature when there is a secret, recognise a call
//! it has had before by its `webhook-id`, answer quickly.

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

/// How the receiver behaves.
#[derive(Debug, Default)]
pub struct Config {
    /// Signing secrets; without any, signatures are not checked.
    pub secrets: Secrets,
    /// The statuses to answer with; 200 without one.
    pub script: Script,
    /// Other statuses for items whose name contains a text; the first that fits counts.
    pub scripts_by_name: Vec<(String, Script)>,
    /// Where `scripts_by_name` holds: paths that begin like this; everywhere without it.
    pub only_path: Option<String>,
}

/// A receiver. It remembers the last calls in memory: enough to show idempotency, not to rely on.
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
