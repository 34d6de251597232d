use serde::de::IgnoredAny;

use crate::fault::Fault;
use crate::format::BodyFormat;
use crate::limits::MAX_SHOWN;
use crate::run::Program;
use crate::run::{Run, Spent};
use crate::{Context, Position, TemplateError, read};

/// The template of a request's body.
#[derive(Clone, Debug)]
pub struct Body {
    program: Program,
    format: BodyFormat,
}

impl Body {
    /// Reads a template of at most 16 KiB.
    ///
    /// # Errors
    /// [`TemplateError`] when it is no template, uses what does not exist or is not allowed, or is nested too
    /// deeply.
    pub fn parse(source: &str, format: BodyFormat) -> Result<Self, TemplateError> {
        let program = read::template(source)?;
        Ok(Self { program, format })
    }

    /// Makes the body, of at most 1 MiB.
    ///
    /// # Errors
    /// [`TemplateError`] when it writes what is undefined, computes with what is of the wrong kind, needs
    /// annotations that are not there, does or makes too much, or when a JSON body is no JSON.
    pub fn render(&self, context: &Context) -> Result<String, TemplateError> {
        self.render_and_spent(context).0
    }

    /// The same, and what it took.
    pub(crate) fn render_and_spent(
        &self,
        context: &Context,
    ) -> (Result<String, TemplateError>, Spent) {
        let (result, spent) = Run::render(&self.program, context, self.format);
        let result = result.map_err(Fault::into_error).and_then(|body| {
            if self.format == BodyFormat::Json {
                check_json(&body)?;
            }
            Ok(body)
        });
        (result, spent)
    }
}

/// A body must be one JSON value.
fn check_json(body: &str) -> Result<(), TemplateError> {
    let Err(error) = serde_json::from_str::<IgnoredAny>(body) else {
        return Ok(());
    };
    // The parser counts columns in bytes, from 1.
    let line_start = body
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum::<usize>();
    let offset = (line_start + error.column().saturating_sub(1)).min(body.len());
    let what = error.to_string();
    let what = what.split(" at line ").next().unwrap_or_default();
    Err(TemplateError::NotJson {
        at: Position::of(body, offset),
        what: what.into(),
        excerpt: excerpt(body, offset),
    })
}

/// A few characters before and after a place.
fn excerpt(body: &str, offset: usize) -> String {
    let offset = body.floor_char_boundary(offset);
    let half = MAX_SHOWN / 2;
    let start = body[..offset]
        .char_indices()
        .rev()
        .nth(half - 1)
        .map_or(0, |(at, _)| at);
    body[start..].chars().take(MAX_SHOWN).collect()
}
