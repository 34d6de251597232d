//! Entry points for tests and fuzzing: what must hold for any template and any document.

use serde_json::Value;

use crate::context::{About, Context, Document, Named};
use crate::{Body, BodyFormat, Condition, MAX_MEMORY, MAX_OUTPUT, MAX_STEPS, TemplateError};

pub use crate::run::Spent;

/// The context of a delivery of that document.
#[must_use]
pub fn context(document: Value, whole: bool) -> Context {
    let document = if whole {
        Document::whole(document)
    } else {
        Document::without_annotations(document)
    };
    let named = |name: &str| Named {
        id: "7194e3c3-04a7-55ae-b99e-90a213025b86".into(),
        name: name.into(),
    };
    let about = About {
        team: "e2e-testing".into(),
        workflow: named("Cars"),
        stage: named("Tell Slack"),
        attempt: 1,
        delivery_id: "fee9e4d4-c314-5971-9e5c-61ffcb541993".into(),
        now: 1_790_000_000,
    };
    Context::new(document, about)
}

/// A rendering, and what it took.
pub fn render(body: &Body, context: &Context) -> (Result<String, TemplateError>, Spent) {
    body.render_and_spent(context)
}

/// A condition's outcome, and what it took.
pub fn holds(condition: &Condition, context: &Context) -> (Result<bool, TemplateError>, Spent) {
    condition.holds_and_spent(context)
}

/// All that must hold for a template and a document.
///
/// # Panics
/// When something does not.
pub fn check(template: &str, context: &Context) {
    for format in [BodyFormat::Json, BodyFormat::Text] {
        match Body::parse(template, format) {
            Ok(body) => {
                let (result, spent) = render(&body, context);
                is_within_limits(spent);
                match &result {
                    Ok(text) => {
                        assert!(text.len() <= MAX_OUTPUT);
                        if format == BodyFormat::Json {
                            let json = serde_json::from_str::<serde::de::IgnoredAny>(text);
                            assert!(json.is_ok(), "{json:?}");
                        }
                    }
                    Err(error) => is_clear(error),
                }
                assert_eq!((result, spent), render(&body, context), "another outcome");
            }
            Err(error) => is_clear(&error),
        }
    }
    match Condition::parse(template) {
        Ok(condition) => {
            let (result, spent) = holds(&condition, context);
            is_within_limits(spent);
            if let Err(error) = result {
                is_clear(&error);
            }
        }
        Err(error) => is_clear(&error),
    }
}

fn is_within_limits(spent: Spent) {
    assert!(spent.steps <= MAX_STEPS, "{spent:?}");
    assert!(spent.memory <= MAX_MEMORY, "{spent:?}");
}

/// One line of bounded length, with a place.
fn is_clear(error: &TemplateError) {
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.chars().count() < 1_000, "{message}");
    match error.position() {
        Some(at) => assert!(at.line >= 1 && at.column >= 1, "{message}"),
        None => assert_eq!(error.code(), "template_limit"),
    }
}
