use std::fmt;

/// A place in a template, or in what it made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

impl Position {
    /// Where the byte `offset` of a text is; at its end if the text is shorter.
    pub(crate) fn of(text: &str, offset: usize) -> Self {
        let before = match text.get(..offset) {
            Some(before) => before,
            // Within a character.
            None => &text[..text.floor_char_boundary(offset)],
        };
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Why a template cannot be used, or could not be run. No message holds a value of the document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is no template, or no expression.
    #[error("{at}: {what}")]
    Syntax {
        /// Where.
        at: Position,
        /// What was found, and what was expected.
        what: String,
    },
    /// It uses a name, a filter, a test or a function that does not exist.
    #[error("{at}: {what}")]
    Unknown {
        /// Where.
        at: Position,
        /// Which, and those that exist.
        what: String,
    },
    /// It uses a part of Jinja that templates of a stage may not use.
    #[error("{at}: {what}")]
    Forbidden {
        /// Where.
        at: Position,
        /// Which, and what to use instead.
        what: String,
    },
    /// The template is too long.
    #[error("the template is {length} bytes long: {limit} are allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// It is nested too deeply, or it would do or make more than a template may.
    #[error("{at}: {what}")]
    Limit {
        /// The part that went beyond.
        at: Position,
        /// Which limit.
        what: String,
    },
    /// It cannot be evaluated for this document.
    #[error("{at}: {what}")]
    Failed {
        /// The part that failed.
        at: Position,
        /// Why.
        what: String,
    },
    /// It uses the annotations of a document that is too large to hold them.
    #[error("{at}: {what} cannot be used: the document is too large to hold its annotations")]
    NoAnnotations {
        /// The part that uses them.
        at: Position,
        /// What it uses.
        what: String,
    },
    /// A JSON body is no JSON.
    #[error("{at} of the body: not JSON: {what}, at {excerpt:?}")]
    NotJson {
        /// Where in the body.
        at: Position,
        /// What was found.
        what: String,
        /// The body around the place, at most 40 characters.
        excerpt: String,
    },
}

impl TemplateError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "template_syntax",
            Self::Unknown { .. } => "template_unknown",
            Self::Forbidden { .. } => "template_forbidden",
            Self::TooLong { .. } | Self::Limit { .. } => "template_limit",
            Self::Failed { .. } => "template_failed",
            Self::NoAnnotations { .. } => "template_no_annotations",
            Self::NotJson { .. } => "template_not_json",
        }
    }

    /// Where in the template; for [`TemplateError::NotJson`] where in the body.
    #[must_use]
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::TooLong { .. } => None,
            Self::Syntax { at, .. }
            | Self::Unknown { at, .. }
            | Self::Forbidden { at, .. }
            | Self::Limit { at, .. }
            | Self::Failed { at, .. }
            | Self::NoAnnotations { at, .. }
            | Self::NotJson { at, .. } => Some(*at),
        }
    }
}
