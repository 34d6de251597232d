use delivery::Reason;
use delivery::ports::PortError;

use crate::headers::BadHeader;
use crate::scan::PayloadError;

/// Why a call was not made, or did not succeed.
pub(crate) enum Failed {
    /// The cause is the document, the receiver, the URL or the network.
    Reason(Reason, Option<String>),
    /// The connection ended before any of the request was sent.
    Unsent(Reason, Option<String>),
    /// The cause is internal.
    Port(PortError),
}

impl From<PayloadError> for Failed {
    fn from(error: PayloadError) -> Self {
        Self::Reason(Reason::DocumentInvalid, Some(error.to_string()))
    }
}

impl From<PortError> for Failed {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

/// Why a call may not be made as its stage says. The detail shows no secret.
#[derive(Clone, Debug)]
pub(crate) struct Denied {
    pub(crate) reason: Reason,
    pub(crate) detail: String,
}

impl Denied {
    pub(crate) fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
        }
    }
}

impl From<Denied> for Failed {
    fn from(denied: Denied) -> Self {
        Self::Reason(denied.reason, Some(denied.detail))
    }
}

impl From<BadHeader> for Failed {
    fn from(error: BadHeader) -> Self {
        Self::Reason(Reason::SecretMissing, Some(error.to_string()))
    }
}
