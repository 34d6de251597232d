//! V7's workflows: reads the JSON that V7 exports, checks it, and applies V7's rules on who may assign a file
//! to which stage. Pure: no clock, no network, no storage.
//!
//! A workflow is imported once; all problems with it are reported together, and its secrets are taken out:
//!
//! ```text
//! let imported = Workflow::import(json)?;
//! for warning in &imported.warnings { eprintln!("{warning}"); }
//! let stage = imported.workflow.find_stage("Check")?;
//! ```

mod access;
mod access_json;
mod actor;
mod assignment;
mod body_json;
mod breaker;
mod breaker_json;
mod duration;
mod findings;
mod form;
mod import;
mod known;
mod lookup;
mod problem;
mod request;
mod request_json;
mod retry_json;
mod retry_on;
mod schema;
mod secrets;
mod secrets_json;
mod stage;
mod twins;
mod validate;
mod webhook;
mod webhook_json;
#[allow(clippy::module_inception)]
mod workflow;

pub use access::{Access, ClientAuthentication, OAuth2, SigV4};
pub use actor::{Actor, Role, UnknownRole};
pub use assignment::{Position, RejectReason, may_assign, may_leave};
pub use breaker::{BreakerConfig, MAX_PATIENCE, Rate};
pub use import::Imported;
pub use lookup::StageLookupError;
pub use problem::{ImportError, Problem, StageLabel, Warning};
pub use request::{
    Body, Header, JSON, MAX_BODY_TEMPLATE, MAX_CONDITION, MAX_HEADER_NAME, MAX_HEADER_VALUE,
    MAX_HEADERS, Method, is_reserved_header,
};
pub use retry_on::RetryOn;
pub use schema::config_schema;
pub use secrets::{AuthorizationError, SecretRef, SecretsError, StageSecrets, check_authorization};
pub use stage::{AssignableTo, Edge, Stage, StageKind};
pub use webhook::{
    MAX_DELAY, MAX_RETRIES, MAX_RETRY_TIME, MAX_TIMEOUT, STANDARD_WEBHOOKS, WebhookConfig,
};
pub use workflow::{NotAWebhookStage, Workflow};

/// The name of the edge by which a file leaves a Webhook stage when its delivery succeeded.
pub const SUCCEEDED: &str = "succeeded";

/// The name of the edge by which a file leaves a Webhook stage when its delivery failed.
pub const FAILED: &str = "failed";

/// The name of the edge by which a file leaves a Webhook stage whose condition does not hold for it, if the stage has
/// such an edge; otherwise it leaves by [`SUCCEEDED`].
pub const SKIPPED: &str = "skipped";

/// Reads a duration as written in the configuration: `500ms`, `10s`, `2min`, `1h`; a bare number is seconds.
#[must_use]
pub fn parse_duration(text: &str) -> Option<std::time::Duration> {
    duration::parse(text)
}
