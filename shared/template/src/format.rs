/// What a body is, which decides how values are written into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFormat {
    /// JSON: a text is escaped for use within quotes, everything else is JSON; the whole must be one JSON value.
    Json,
    /// Any other text: a text is written as it is, everything else as JSON.
    Text,
}

impl BodyFormat {
    /// By the content type: `application/json` and those that end in `+json` are JSON, with any parameters.
    #[must_use]
    pub fn of(content_type: &str) -> Self {
        let name = content_type.split(';').next().unwrap_or_default();
        let name = name.trim().to_ascii_lowercase();
        if name == "application/json" || name.ends_with("+json") {
            Self::Json
        } else {
            Self::Text
        }
    }
}
