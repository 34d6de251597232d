use std::error::Error;
use std::io;

use delivery::Reason;

use crate::failed::Failed;
use crate::guard::{LookupFailed, Refused};
use crate::streamed::DocumentLost;
use crate::unreadable;

/// Classifies an error of the client. Its text is not used, because it contains the URL.
pub(crate) fn classify(error: &reqwest::Error) -> Failed {
    if let Some(lost) = find::<DocumentLost>(error) {
        return Failed::Port(lost.take());
    }
    if let Some(refused) = find::<Refused>(error) {
        return Failed::Reason(Reason::ForbiddenAddress, Some(refused.to_string()));
    }
    let failed = |reason, detail: String| Failed::Reason(reason, Some(detail));
    if let Some(late) = find::<LookupFailed>(error) {
        return failed(Reason::Dns, late.to_string());
    }
    if error.is_timeout() {
        let reason = if error.is_connect() {
            Reason::ConnectTimeout
        } else {
            Reason::Timeout
        };
        return Failed::Reason(reason, None);
    }
    if error.is_builder() {
        let what = "the URL cannot be written into a request";
        return failed(Reason::InvalidUrl, what.to_owned());
    }
    let io = cause(error).map(io::Error::kind);
    // rustls reports alerts and refusals as invalid data, even after the handshake, because only then does
    // a TLS 1.3 server say that it requires a client certificate.
    if let Some(kind @ io::ErrorKind::InvalidData) = io {
        return failed(
            Reason::Tls,
            tls_detail(error).unwrap_or_else(|| kind.to_string()),
        );
    }
    if let Some((reason, detail)) = unsent(error) {
        return Failed::Unsent(reason, detail.map(str::to_owned));
    }
    if error.is_connect() {
        return match io {
            // This does not come from TCP: the peer closed the connection in the TLS handshake.
            Some(io::ErrorKind::UnexpectedEof) => failed(
                Reason::Tls,
                "the connection was closed in the TLS handshake".to_owned(),
            ),
            kind => Failed::Reason(Reason::Connect, kind.map(|kind| kind.to_string())),
        };
    }
    if let Some(error) = find::<hyper::Error>(error).filter(|error| error.is_parse()) {
        return failed(
            Reason::InvalidResponse,
            unreadable::explain(error).to_owned(),
        );
    }
    Failed::Reason(Reason::ConnectionClosed, io.map(|kind| kind.to_string()))
}

/// Why nothing of the request was sent; none if something may have been.
fn unsent(error: &reqwest::Error) -> Option<(Reason, Option<&'static str>)> {
    let mut errors = chain(error).filter_map(<dyn Error>::downcast_ref::<hyper::Error>);
    if errors.clone().any(unreadable::is_unasked) {
        let what = "the receiver sends something before it is asked, so it was sent nothing";
        return Some((Reason::InvalidResponse, Some(what)));
    }
    errors
        .any(|error| error.is_canceled() || error.is_closed())
        .then_some((Reason::ConnectionClosed, None))
}

/// The text of rustls, which names the error and the certificate's names, but never the URL.
fn tls_detail(error: &reqwest::Error) -> Option<String> {
    let wrapped = cause(error)?.get_ref()?;
    let mut text = wrapped.to_string();
    text.truncate(text.floor_char_boundary(200));
    Some(text)
}

/// The first error of this type among an error and its causes.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    chain(error).find_map(<dyn Error>::downcast_ref)
}

/// The innermost I/O error, because the outer ones only say that there is one.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    chain(error).filter_map(<dyn Error>::downcast_ref).last()
}

/// An error and its causes. `source` of an I/O error that wraps another error skips the wrapped one, so that has
/// to be asked for.
fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> + Clone {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .map(|wrapped| wrapped as &(dyn Error + 'static))
            .or_else(|| error.source())
    })
}
