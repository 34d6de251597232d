//! What must hold for each foreign input, whatever it is.
//!
//! Each function takes bytes and panics when something does not hold. The fuzz targets and the property
//! tests call the very same functions.

pub mod authorizer;
pub mod document;
mod json;
mod memory;
pub mod message;
pub mod record;
pub mod request;
pub mod retry_after;
pub mod template;
pub mod workflow;

/// Panics when something does not hold for an input.
pub type Check = fn(&[u8]);

/// The inputs: the fuzz target's name, which is its corpus's directory too, and what must hold.
pub const TARGETS: &[(&str, Check)] = &[
    ("authorizer", authorizer::check),
    ("document", document::check),
    ("message", message::check),
    ("record", record::check),
    ("request", request::check),
    ("retry_after", retry_after::check),
    ("template", template::check),
    ("workflow", workflow::check),
];
