//! Conditions and body templates of a Webhook stage, written in [Jinja].
//!
//! ```
//! use template::{About, Body, BodyFormat, Condition, Context, Document};
//!
//! let document = serde_json::json!({
//!     "item": {"name": "photo.jpg"},
//!     "annotations": [{"name": "Urgent", "tag": {}}, {"name": "car", "bounding_box": {}}],
//! });
//! let about = About { attempt: 1, now: 1_790_000_000, ..About::default() };
//! let context = Context::new(Document::whole(document), about);
//!
//! let condition = Condition::parse("has_tag('Urgent') and count('car') > 0")?;
//! assert!(condition.holds(&context)?);
//!
//! let body = Body::parse(r#"{"text": "{{ item.name }} of {{ now|date('%d %b %Y') }}"}"#, BodyFormat::Json)?;
//! assert_eq!(body.render(&context)?, r#"{"text": "photo.jpg of 21 Sep 2026"}"#);
//! # Ok::<(), template::TemplateError>(())
//! ```
//!
//! What a template may use, and where it differs from [MiniJinja], is in `docs/stages.md`; a test keeps its tables
//! complete. `tests/differential` compares the two.
//!
//! # Limits
//!
//! Templates are foreign input, and run beside other customers' deliveries. So all that a run does is counted before
//! it is done: [`MAX_STEPS`], [`MAX_MEMORY`], [`MAX_OUTPUT`]; and a template is small ([`MAX_CONDITION`],
//! [`MAX_BODY`]) and nested at most 64 deep.
//!
//! [MiniJinja]: https://docs.rs/minijinja
//! [Jinja]: https://jinja.palletsprojects.com/en/stable/templates/

mod body;
mod calendar;
mod condition;
mod context;
mod error;
mod fault;
mod filters;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod limits;
mod read;
mod run;
mod value;
mod words;

pub use body::Body;
pub use condition::Condition;
pub use context::{About, Context, Document, Named};
pub use error::{Position, TemplateError};
pub use format::BodyFormat;
pub use limits::{MAX_BODY, MAX_CONDITION, MAX_MEMORY, MAX_OUTPUT, MAX_STEPS};
