use std::error::Error;
use std::io;

use delivery::Reason;
use delivery::ports::PortError;

use crate::body::DocumentLost;
use crate::guard::{LookupFailed, Refused};

/// What a failed call was.
pub(crate) enum Failed {
    /// The receiver's, the URL's or the network's fault.
    Reason(Reason, Option<String>),
    /// Ours.
    Port(PortError),
}

/// Reads an error of the client. Its text is not used: it has the URL in it.
pub(crate) fn classify(error: &reqwest::Error) -> Failed {
    if let Some(lost) = find::<DocumentLost>(error) {
        return Failed::Port(lost.take());
    }
    if let Some(refused) = find::<Refused>(error) {
        return Failed::Reason(Reason::ForbiddenAddress, Some(refused.to_string()));
    }
    let plain = |reason| Failed::Reason(reason, None);
    if error.is_timeout() {
        return plain(if error.is_connect() {
            Reason::ConnectTimeout
        } else {
            Reason::Timeout
        });
    }
    if find::<LookupFailed>(error).is_some() {
        return plain(Reason::Dns);
    }
    let io = find::<io::Error>(error).map(io::Error::kind);
    if error.is_connect() {
        return match io {
            // rustls hands its alerts and refusals up as invalid data; a peer that hangs up in the
            // handshake as an early end.
            Some(kind @ (io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)) => {
                Failed::Reason(Reason::Tls, Some(format!("TLS handshake: {kind}")))
            }
            kind => Failed::Reason(Reason::Connect, kind.map(|kind| kind.to_string())),
        };
    }
    if let Some(hyper) = find::<hyper::Error>(error)
        && hyper.is_parse()
    {
        let what = "the answer does not begin like HTTP, or its head is too large";
        return Failed::Reason(Reason::InvalidResponse, Some(what.to_owned()));
    }
    plain(Reason::ConnectionClosed)
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error's own source is what it wraps, not what it is.
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(found) = wrapped.and_then(|inner| find(inner as &(dyn Error + 'static))) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
