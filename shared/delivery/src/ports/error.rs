/// What kind of fault an engine had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// Out of reach, or it answered with an internal error.
    Unavailable,
    /// It asked to slow down.
    Throttled,
    /// It refused: permissions or configuration.
    Forbidden,
    /// It holds something that cannot be read back.
    Corrupt,
    /// The request is larger than it takes.
    TooLarge,
}

impl PortErrorKind {
    /// The stable machine code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "engine_unavailable",
            Self::Throttled => "engine_throttled",
            Self::Forbidden => "engine_forbidden",
            Self::Corrupt => "engine_corrupt",
            Self::TooLarge => "engine_too_large",
        }
    }

    /// Whether it passes by itself, whatever was asked for.
    #[must_use]
    pub const fn is_passing(self) -> bool {
        matches!(self, Self::Unavailable | Self::Throttled)
    }
}

/// The engine's fault: nothing was learned about the receiver.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {kind}", kind = kind.code())]
pub struct PortError {
    /// What kind of fault.
    pub kind: PortErrorKind,
    /// What was tried, without any secret or payload: "put file state", "send to deliveries".
    pub what: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PortError {
    /// A fault without a further cause.
    #[must_use]
    pub const fn new(kind: PortErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            source: None,
        }
    }

    /// A fault with its cause.
    pub fn caused(
        kind: PortErrorKind,
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            what,
            source: Some(source.into()),
        }
    }
}
