use std::fmt;

/// The document is not Darwin JSON. Only the place is kept, never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}{}", place(self))]
pub struct PayloadError {
    /// What is wrong there.
    pub problem: Problem,
    /// From 1.
    pub line: u64,
    /// From 1, in bytes: the first byte that cannot be correct.
    pub column: u64,
}

/// What is wrong with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// It is JSON, but not an object.
    NotAnObject,
    /// Broken syntax.
    Syntax,
    /// Text that is not UTF-8.
    Encoding,
    /// UTF-16, in either byte order.
    Utf16,
    /// UTF-32, in either byte order.
    Utf32,
    /// Nested more than 512 deep.
    TooDeep,
    /// It ends too early.
    CutOff,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAnObject => "the document is not a JSON object",
            Self::Syntax => "the document's JSON is broken",
            Self::Encoding => "the document's JSON is not UTF-8",
            Self::Utf16 => "the document is UTF-16, not UTF-8",
            Self::Utf32 => "the document is UTF-32, not UTF-8",
            Self::TooDeep => "the document's JSON is nested too deeply",
            Self::CutOff => "the document's JSON is cut off",
        })
    }
}

fn place(error: &PayloadError) -> String {
    match error.problem {
        // All of it is.
        Problem::Utf16 | Problem::Utf32 => String::new(),
        _ => format!(" at line {} column {}", error.line, error.column),
    }
}
