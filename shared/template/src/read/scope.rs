use minijinja::machinery::Span;

use crate::limits::{MAX_NESTING, MAX_SHOWN, MAX_VARIABLES};
use crate::run::{Program, Statement};
use crate::{Position, TemplateError};

use crate::words::shorten;

/// What is known while a template is gone through.
pub(super) struct Scope<'s> {
    source: &'s str,
    /// Where each line starts, so that finding a place does not take the whole template each time.
    lines: Vec<usize>,
    variables: Vec<&'s str>,
    nesting: usize,
}

impl<'s> Scope<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let starts = source.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            source,
            lines: std::iter::once(0).chain(starts).collect(),
            variables: Vec::new(),
            nesting: 0,
        }
    }

    pub(super) fn program(self, statements: Vec<Statement>) -> Program {
        Program {
            statements,
            variables: self.variables.len(),
        }
    }

    pub(super) fn position(&self, span: Span) -> Position {
        let offset = self.source.floor_char_boundary(span.start_offset as usize);
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        Position {
            line,
            column: self.source[start..offset].chars().count() + 1,
        }
    }

    /// The number of a variable that is set here.
    pub(super) fn bind(&mut self, name: &'s str, span: Span) -> Result<usize, TemplateError> {
        if let Some(known) = self.variable(name) {
            return Ok(known);
        }
        if self.variables.len() == MAX_VARIABLES {
            return Err(TemplateError::Limit {
                at: self.position(span),
                what: format!("a template may set {MAX_VARIABLES} names"),
            });
        }
        self.variables.push(name);
        Ok(self.variables.len() - 1)
    }

    /// The number of a variable that is set further up.
    pub(super) fn variable(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|known| *known == name)
    }

    /// Goes one level down, and up again after `inner`.
    pub(super) fn nested<T>(
        &mut self,
        span: Span,
        inner: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.nesting == MAX_NESTING {
            return Err(TemplateError::Limit {
                at: self.position(span),
                what: "this is nested too deeply, or a chain that is too long".into(),
            });
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    pub(super) fn forbidden<T>(&self, span: Span, what: &str) -> Result<T, TemplateError> {
        Err(TemplateError::Forbidden {
            at: self.position(span),
            what: what.into(),
        })
    }

    /// A name that is none of the `known`.
    pub(super) fn unknown<'k, T>(
        &self,
        span: Span,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Result<T, TemplateError> {
        let known: Vec<_> = known.into_iter().collect();
        let name = shorten(name, MAX_SHOWN);
        Err(TemplateError::Unknown {
            at: self.position(span),
            what: format!(
                "there is no {what} {name:?}; there are {}",
                known.join(", ")
            ),
        })
    }
}
