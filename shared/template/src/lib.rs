//! Conditions and body templates of a Webhook stage, written in Jinja.

mod body;
mod condition;
mod context;
mod error;
mod fault;
mod filters;
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod read;
mod run;
mod syntax;
mod value;

pub use body::{Body, BodyFormat};
pub use condition::Condition;
pub use context::{About, Context, Document, Named};
pub use error::{Position, TemplateError};
pub use limits::{MAX_BODY, MAX_CONDITION, MAX_MEMORY, MAX_OUTPUT, MAX_STEPS};
