//! The webhook call. It builds the body from the document (with or without annotations), the headers and the
//! signatures, gets a token if the stage needs one, makes the HTTP call, and classifies the answer. An egress guard keeps calls away from loopback,
//! private networks and other addresses that a stage's URL must not reach.
//!
//! [`WebhookCaller`] makes the calls. Other parts can be used without it, such as the guard:
//!
//! ```text
//! Guard::default().check("169.254.169.254".parse()?) // refused: cloud metadata
//! ```

mod access;
mod answer;
mod body;
mod caller;
mod certificates;
mod classify;
mod config;
mod connections;
mod darwin;
mod described;
mod exchange;
mod failed;
mod fingerprint;
mod head;
mod headers;
mod json_escape;
mod members;
mod payload;
mod presign;
mod preview;
mod receivers;
mod redact;
mod redirect;
mod scan;
mod sessions;
mod signature;
mod streamed;
mod strip_annotations;
mod sums;
mod targets;
mod templates;
mod tls;
mod try_templates;
mod unreadable;

#[doc(hidden)]
pub mod fuzzing;
pub mod guard;

pub use caller::WebhookCaller;
pub use certificates::{CertificateError, check_client_certificate};
pub use config::{CallerConfig, ClientError};
pub use described::{Described, describe};
pub use members::{members, text};
pub use payload::{check, metadata_only};
pub use preview::{NoPreview, Preview};
pub use redact::Redactor;
pub use scan::{PayloadError, Problem};
pub use signature::{SecretError, Signer, SigningKey, TooLarge};
pub use try_templates::check_templates;
