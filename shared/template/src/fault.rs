use crate::{Position, TemplateError};

/// What went wrong while a template ran; where is known once it passes the expression.
#[derive(Debug)]
pub(crate) struct Fault {
    what: What,
    at: Option<Position>,
}

#[derive(Debug)]
enum What {
    Failed(String),
    Limit(String),
    NoAnnotations(String),
}

impl Fault {
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Self::new(What::Failed(what.into()))
    }

    pub(crate) fn limit(what: impl Into<String>) -> Self {
        Self::new(What::Limit(what.into()))
    }

    pub(crate) fn no_annotations(what: impl Into<String>) -> Self {
        Self::new(What::NoAnnotations(what.into()))
    }

    const fn new(what: What) -> Self {
        Self { what, at: None }
    }

    /// The innermost place counts.
    pub(crate) fn at(mut self, at: Position) -> Self {
        self.at.get_or_insert(at);
        self
    }

    /// The error that people see.
    pub(crate) fn into_error(self) -> TemplateError {
        let at = self.at.unwrap_or(Position { line: 1, column: 1 });
        match self.what {
            What::Failed(what) => TemplateError::Failed { at, what },
            What::Limit(what) => TemplateError::Limit { at, what },
            What::NoAnnotations(what) => TemplateError::NoAnnotations { at, what },
        }
    }
}
