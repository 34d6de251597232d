use std::time::Duration;

/// The first delay after an error of the engine.
const PAUSE: Duration = Duration::from_secs(5);

/// How long a message waits before a function looks again whether it knows its format: 5 minutes, since only an
/// upgrade will change that.
pub const LOOK_AGAIN: Duration = Duration::from_mins(5);

/// The kind of an engine's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortErrorKind {
    /// The engine cannot be reached, or answered with an internal error.
    Unavailable,
    /// The engine asked to slow down.
    Throttled,
    /// The engine refused the request: permissions or configuration are wrong.
    Forbidden,
    /// The engine contains something that cannot be read back.
    Corrupt,
    /// The engine contains something that a later version wrote, in a format that this one does not know.
    Newer,
    /// The request is larger than the engine accepts.
    TooLarge,
    /// The request concerns more than the engine looks through for one request.
    TooMany,
}

impl PortErrorKind {
    /// A stable code for machines.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unavailable => "engine_unavailable",
            Self::Throttled => "engine_throttled",
            Self::Forbidden => "engine_forbidden",
            Self::Corrupt => "engine_corrupt",
            Self::Newer => "newer_format",
            Self::TooLarge => "engine_too_large",
            Self::TooMany => "engine_too_many",
        }
    }

    /// How long to wait before the engine is asked again, if the error passes with time, whatever was asked for.
    #[must_use]
    pub const fn retry_after(self) -> Option<Duration> {
        match self {
            Self::Unavailable | Self::Throttled => Some(PAUSE),
            Self::Newer => Some(LOOK_AGAIN),
            Self::Forbidden | Self::Corrupt | Self::TooLarge | Self::TooMany => None,
        }
    }
}

/// An error of the engine, which says nothing about the receiver.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {kind}", kind = kind.code())]
pub struct PortError {
    /// The kind of error.
    pub kind: PortErrorKind,
    /// What was tried, such as "put file state" or "send to deliveries"; never a secret or payload.
    pub what: &'static str,
    /// The cause.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl PortError {
    /// An error without a further cause.
    #[must_use]
    pub const fn new(kind: PortErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            source: None,
        }
    }

    /// An error with its cause.
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
