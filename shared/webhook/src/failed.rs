use delivery::Reason;
use delivery::ports::PortError;

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
