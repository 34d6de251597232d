use delivery::retry::RetryAfter;
use delivery::{Reason, ReceiverSays};
use http::HeaderMap;
use http::header::{DATE, HeaderName, LOCATION, RETRY_AFTER};
use reqwest::Response;
use tokio::time::Instant;

use crate::answer;
use crate::failed::Denied;
use crate::guard::Guard;
use crate::redact::Redactor;
use crate::redirect;

/// How often a call is started if the receiver closes the connection before any of the request was sent.
const BEGINNINGS: usize = 5;

/// How often it is started if the receiver sends something before that. Some answer as soon as they accept, and
/// then it is a race, which a busy machine loses more often.
const BEGINNINGS_IF_UNASKED: usize = 20;

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let hint = text(RETRY_AFTER).and_then(RetryAfter::parse)?;
    Some(match text(DATE) {
        Some(date) => hint.by_clock_of_receiver(date),
        None => hint,
    })
}

/// The header by which Svix's receivers stop a delivery or their endpoint; other values mean nothing.
pub(crate) fn receiver_says(headers: &HeaderMap) -> Option<ReceiverSays> {
    let value = headers.get("webhook-delivery")?.to_str().ok()?.trim();
    let is = |word: &str| value.eq_ignore_ascii_case(word);
    if is("abort-message") {
        Some(ReceiverSays::Abort)
    } else if is("disable") {
        Some(ReceiverSays::Disable)
    } else {
        None
    }
}

/// What came of a call.
pub(crate) struct Exchange {
    pub(crate) result: Result<u16, Reason>,
    pub(crate) retry_after: Option<RetryAfter>,
    pub(crate) receiver_says: Option<ReceiverSays>,
    pub(crate) excerpt: String,
    pub(crate) detail: Option<String>,
    pub(crate) length: u64,
}

/// How the start of a call went.
pub(crate) struct Begun {
    pub(crate) exchange: Exchange,
    /// How often the call may be started in all: more than once only if nothing of the request was sent.
    pub(crate) beginnings: usize,
}

impl Begun {
    /// A call of which nothing was sent.
    pub(crate) fn unsent(reason: Reason, detail: Option<String>) -> Self {
        Self {
            exchange: Exchange::none(reason, detail, 0),
            beginnings: match reason {
                Reason::InvalidResponse => BEGINNINGS_IF_UNASKED,
                _ => BEGINNINGS,
            },
        }
    }
}

impl From<Exchange> for Begun {
    fn from(exchange: Exchange) -> Self {
        Self {
            exchange,
            beginnings: 1,
        }
    }
}

impl From<Denied> for Exchange {
    fn from(denied: Denied) -> Self {
        Self::none(denied.reason, Some(denied.detail), 0)
    }
}

impl Exchange {
    pub(crate) fn none(reason: Reason, detail: Option<String>, length: u64) -> Self {
        Self {
            result: Err(reason),
            retry_after: None,
            receiver_says: None,
            excerpt: String::new(),
            detail,
            length,
        }
    }

    /// Adds to what is told about it.
    pub(crate) fn note(&mut self, note: &str) {
        self.detail = Some(match self.detail.take() {
            Some(detail) => format!("{detail}; {note}"),
            None => note.to_owned(),
        });
    }

    /// The document took too long to read. This counts as an attempt although it says nothing about the receiver,
    /// because the next call would take as long.
    pub(crate) fn late(length: u64) -> Self {
        let detail = "the document could not be read within the call's timeout".to_owned();
        Self::none(Reason::DocumentTooLarge, Some(detail), length)
    }
}

/// Reads an answer.
pub(crate) async fn read(
    guard: &Guard,
    response: Response,
    deadline: Instant,
    redactor: &Redactor,
    length: u64,
) -> Exchange {
    // The guard has already checked this address before the connection; this reports it if it has not.
    let peer = response.remote_addr().map(|peer| guard.check(peer.ip()));
    if let Some(Err(refused)) = peer {
        return Exchange::none(Reason::ForbiddenAddress, Some(refused.to_string()), length);
    }
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let location = response
        .headers()
        .get(LOCATION)
        .filter(|_| status.is_redirection());
    let leads_to = location.map(|location| redirect::told(response.url(), location));
    let excerpt = answer::read(response, deadline, redactor).await;
    let details: Vec<String> = leads_to
        .into_iter()
        .chain(excerpt.note.map(str::to_owned))
        .collect();
    Exchange {
        result: Ok(status.as_u16()),
        retry_after,
        receiver_says: None,
        excerpt: excerpt.text,
        detail: (!details.is_empty()).then(|| details.join("; ")),
        length,
    }
}
