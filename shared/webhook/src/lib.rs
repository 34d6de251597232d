//! The webhook call: payload, headers, signatures and the egress guard.

mod answer;
mod body;
mod caller;
mod classify;
mod connections;
mod head;
mod headers;
mod json_escape;
mod members;
mod payload;
mod presign;
mod receivers;
mod redact;
mod redirect;
mod scan;
mod signature;
mod streamed;
mod strip_annotations;
mod unreadable;

#[doc(hidden)]
pub mod fuzzing;
pub mod guard;

pub use caller::{CallerConfig, ClientError, WebhookCaller};
pub use members::{members, text};
pub use payload::{check, metadata_only};
pub use presign::Presign;
pub use redact::Redactor;
pub use scan::{PayloadError, Problem};
pub use signature::{SecretError, Signer};
