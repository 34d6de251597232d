//! What a stage says about the request that its calls make.

use std::fmt;

/// The HTTP method of a stage's calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The default, as in V7.
    #[default]
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Post, Self::Put, Self::Patch];

    /// Its name in HTTP.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The most headers of its own that a stage may have.
pub const MAX_HEADERS: usize = 10;

/// The longest name of such a header, in bytes.
pub const MAX_HEADER_NAME: usize = 64;

/// The longest value of such a header, in bytes.
pub const MAX_HEADER_VALUE: usize = 1024;

/// A header that a stage adds to its calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name, in lower case.
    pub name: String,
    /// Its value; none if it is one of the stage's secrets.
    pub value: Option<String>,
}

/// Whether a name may not be a stage's own header, because calls set it themselves or because it would change how the
/// message is read. The name is in lower case.
#[must_use]
pub fn is_reserved_header(name: &str) -> bool {
    const NAMES: [&str; 15] = [
        "authorization",
        "connection",
        "date",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "traceparent",
        "tracestate",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
    ];
    const BEGINNINGS: [&str; 4] = ["content-", "proxy-", "webhook-", "x-amz-"];
    NAMES.contains(&name) || BEGINNINGS.iter().any(|start| name.starts_with(start))
}

/// What a stage sends instead of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The template's source.
    pub template: String,
    /// The `Content-Type`.
    pub content_type: String,
}

/// The `Content-Type` of a body, unless the stage names another.
pub const JSON: &str = "application/json";

/// The longest source of a body's template, in bytes.
pub const MAX_BODY_TEMPLATE: usize = 16 * 1024;

/// The longest source of a condition, in bytes.
pub const MAX_CONDITION: usize = 4 * 1024;
