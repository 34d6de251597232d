//! The webhook call: payload, headers, signatures and the egress guard.

mod answer;
mod body;
mod caller;
mod classify;
mod headers;
mod payload;
mod redact;
mod signature;

pub mod guard;

pub use caller::{CallerConfig, ClientError, WebhookCaller};
pub use payload::{PayloadError, metadata_only};
pub use redact::Redactor;
pub use signature::{SecretError, Signer};
