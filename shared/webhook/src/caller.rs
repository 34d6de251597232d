use std::sync::Arc;
use std::time::Duration;

use delivery::ports::{Call, Caller, PortError, Presign, Wanted};
use delivery::retry::RetryAfter;
use delivery::{Answer, DocumentReader, Reason, ReceiverSays};
use http::HeaderMap;
use http::header::{DATE, HeaderName, LOCATION, RETRY_AFTER};
use ipnet::IpNet;
use reqwest::{Certificate, Client, Response};
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::answer;
use crate::body::{Prepared, prepare};
use crate::classify::classify;
use crate::connections::Connections;
use crate::failed::Failed;
use crate::guard::{Guard, GuardedResolver, Lookup, SystemLookup, Target};
use crate::headers::headers;
use crate::redact::Redactor;
use crate::redirect;

/// The most lines in an answer's head, instead of hyper's default of 100; hyper limits the size to 408 KiB. The
/// client allocates room for as many with each answer, which up to 4,096 costs no system call. From about 6,500
/// on, an attacker could choose names that overflow the header map.
const HEAD_LINES: usize = 4000;

/// How often a call is started if the receiver closes the connection before any of the request was sent.
const BEGINNINGS: usize = 5;

/// How often it is started if the receiver sends something before that. Some answer as soon as they accept, and
/// then it is a race, which a busy machine loses more often.
const BEGINNINGS_IF_UNASKED: usize = 20;

/// Settings of the caller.
pub struct CallerConfig {
    /// Networks that may be called although they are special.
    pub allow_networks: Vec<IpNet>,
    /// The time limit for DNS, TCP and TLS together: 5 s.
    pub connect_timeout: Duration,
    /// Sent as `User-Agent`: `webhook-stage/<version>`.
    pub user_agent: String,
    /// The most idle connections that are kept open to a receiver: 64.
    pub idle_connections: usize,
    /// Looks up host names; by default the system's resolver.
    pub lookup: Arc<dyn Lookup>,
    /// Root certificates in addition to Mozilla's, in PEM.
    pub extra_roots_pem: Vec<Vec<u8>>,
}

impl Default for CallerConfig {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("webhook-stage/", env!("CARGO_PKG_VERSION")).to_owned(),
            idle_connections: 64,
            lookup: Arc::new(SystemLookup),
            extra_roots_pem: Vec::new(),
        }
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: a root certificate or the user agent cannot be used")]
pub struct ClientError(#[from] reqwest::Error);

impl ClientError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "http_client"
    }
}

/// Makes webhook calls. There should be one per process, so that connections are reused.
///
/// With [`with_presign`](Self::with_presign), `s3://` URLs of source files are presigned for stages that ask for
/// it. In a large document that is streamed, they are only if its `item` ends within the first MiB.
#[derive(Clone)]
pub struct WebhookCaller<P = ()> {
    connections: Connections,
    guard: Guard,
    presign: P,
}

impl<P> std::fmt::Debug for WebhookCaller<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookCaller")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

impl WebhookCaller {
    /// Sets up the client.
    ///
    /// Proxies from the environment are ignored, because the proxy would resolve the name and so bypass the
    /// guard. Redirects are not followed, because a 307 would POST the file to whatever the receiver names. The
    /// client does not retry by itself, because retries belong to the delivery. An answer's head is read
    /// leniently, because only its status counts.
    ///
    /// # Errors
    /// [`ClientError`] when a certificate cannot be read.
    pub fn new(config: CallerConfig) -> Result<Self, ClientError> {
        let guard = Guard::new(config.allow_networks);
        let mut roots: Vec<Certificate> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_, _>>()?;
        for pem in &config.extra_roots_pem {
            roots.push(Certificate::from_pem(pem)?);
        }
        let resolver = Arc::new(GuardedResolver::new(
            guard.clone(),
            config.lookup,
            // Shorter than the connect timeout, which would otherwise hide that the resolver was the cause.
            config.connect_timeout.mul_f64(0.8),
        ));
        let connections = Connections::new(|idle: Duration| {
            let most = if idle.is_zero() {
                0
            } else {
                config.idle_connections
            };
            Client::builder()
                .user_agent(&config.user_agent)
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .http1_only()
                .http1_allow_spaces_after_header_name_in_responses(true)
                .http1_allow_obsolete_multiline_headers_in_responses(true)
                .http1_ignore_invalid_headers_in_responses(true)
                .http1_max_headers(HEAD_LINES)
                .tcp_nodelay(true)
                .connect_timeout(config.connect_timeout)
                .pool_max_idle_per_host(most)
                .pool_idle_timeout(idle)
                .dns_resolver(Arc::clone(&resolver))
                .tls_certs_only(roots.iter().cloned())
                .build()
        })?;
        Ok(Self {
            connections,
            guard,
            presign: (),
        })
    }

    /// The same caller with presigned URLs.
    #[must_use]
    pub fn with_presign<P: Presign>(self, presign: P) -> WebhookCaller<P> {
        WebhookCaller {
            connections: self.connections,
            guard: self.guard,
            presign,
        }
    }
}

impl<P: Presign> WebhookCaller<P> {
    async fn exchange<R: DocumentReader>(
        &self,
        call: &Call<R>,
        deadline: Instant,
        redactor: &Redactor,
    ) -> Result<Exchange, PortError> {
        let url = match Target::parse(&call.config.url, &self.guard) {
            Ok(target) => target.into_url(),
            Err(error) => return Ok(Exchange::none(error.reason(), Some(error.to_string()), 0)),
        };
        let mut begun = 0;
        loop {
            let Begun {
                exchange,
                beginnings,
            } = self.begin(call, &url, deadline, redactor).await?;
            begun += 1;
            if begun >= beginnings {
                return Ok(exchange);
            }
        }
    }

    async fn begin<R: DocumentReader>(
        &self,
        call: &Call<R>,
        url: &Url,
        deadline: Instant,
        redactor: &Redactor,
    ) -> Result<Begun, PortError> {
        let prepared = match timeout_at(deadline, prepare(call, &self.presign)).await {
            Err(_) => return Ok(Exchange::late(0).into()),
            Ok(Ok(prepared)) => prepared,
            Ok(Err(Failed::Reason(reason, detail) | Failed::Unsent(reason, detail))) => {
                return Ok(Exchange::none(reason, detail, 0).into());
            }
            Ok(Err(Failed::Port(error))) => return Err(error),
        };
        let Prepared {
            body,
            length,
            signature,
            starved,
        } = prepared;
        let headers = match headers(call, signature) {
            Ok(headers) => headers,
            Err(error) => {
                let detail = Some(error.to_string());
                return Ok(Exchange::none(Reason::SecretMissing, detail, 0).into());
            }
        };
        let request = self
            .connections
            .client(url, call.fresh_connection)
            .post(url.clone())
            .headers(headers)
            .body(body);
        let exchange = match timeout_at(deadline, request.send()).await {
            Err(_) if starved.is_starved() => Exchange::late(length),
            Err(_) => Exchange::none(Reason::Timeout, None, length),
            Ok(Err(error)) => match classify(&error) {
                Failed::Port(error) => return Err(error),
                Failed::Unsent(reason, detail) => {
                    return Ok(Begun {
                        exchange: Exchange::none(reason, detail, 0),
                        beginnings: match reason {
                            Reason::InvalidResponse => BEGINNINGS_IF_UNASKED,
                            _ => BEGINNINGS,
                        },
                    });
                }
                Failed::Reason(reason, detail) => {
                    if reason == Reason::ConnectionClosed && !call.fresh_connection {
                        self.connections.closed(url);
                    }
                    Exchange::none(reason, detail, length)
                }
            },
            Ok(Ok(response)) => {
                self.connections.answered(url, response.headers());
                let says = receiver_says(response.headers());
                let exchange = self.read(response, deadline, redactor, length).await;
                Exchange {
                    receiver_says: says.filter(|_| call.config.receiver_control),
                    ..exchange
                }
            }
        };
        Ok(exchange.into())
    }

    async fn read(
        &self,
        response: Response,
        deadline: Instant,
        redactor: &Redactor,
        length: u64,
    ) -> Exchange {
        // The guard has already checked this address before the connection; this reports it if it has not.
        let peer = response
            .remote_addr()
            .map(|peer| self.guard.check(peer.ip()));
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
}

fn retry_after(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let hint = text(RETRY_AFTER).and_then(RetryAfter::parse)?;
    Some(match text(DATE) {
        Some(date) => hint.by_clock_of_receiver(date),
        None => hint,
    })
}

/// The header by which Svix's receivers stop a delivery or their endpoint; other values mean nothing.
fn receiver_says(headers: &HeaderMap) -> Option<ReceiverSays> {
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

struct Exchange {
    result: Result<u16, Reason>,
    retry_after: Option<RetryAfter>,
    receiver_says: Option<ReceiverSays>,
    excerpt: String,
    detail: Option<String>,
    length: u64,
}

/// How the start of a call went.
struct Begun {
    exchange: Exchange,
    /// How often the call may be started in all: more than once only if nothing of the request was sent.
    beginnings: usize,
}

impl From<Exchange> for Begun {
    fn from(exchange: Exchange) -> Self {
        Self {
            exchange,
            beginnings: 1,
        }
    }
}

impl Exchange {
    fn none(reason: Reason, detail: Option<String>, length: u64) -> Self {
        Self {
            result: Err(reason),
            retry_after: None,
            receiver_says: None,
            excerpt: String::new(),
            detail,
            length,
        }
    }

    /// The document took too long to read. This counts as an attempt although it says nothing about the receiver,
    /// because the next call would take as long.
    fn late(length: u64) -> Self {
        let detail = "the document could not be read within the call's timeout".to_owned();
        Self::none(Reason::DocumentTooLarge, Some(detail), length)
    }
}

impl<R: DocumentReader, P: Presign> Caller<R> for WebhookCaller<P> {
    async fn call(&self, call: Call<R>) -> Result<Answer, PortError> {
        let started = Instant::now();
        let deadline = started + call.timeout;
        let redactor = Redactor::new(&call.secrets, &call.config.url);
        let exchange = self.exchange(&call, deadline, &redactor).await?;
        Ok(Answer {
            result: exchange.result,
            retry_after: exchange.retry_after,
            duration: started.elapsed(),
            receiver_says: exchange.receiver_says,
            request_bytes: exchange.length,
            response_excerpt: exchange.excerpt,
            detail: exchange
                .detail
                .map(|detail| redactor.redact(detail.as_bytes())),
        })
    }

    async fn wants(&self, _: &Call<R>) -> Result<Wanted, PortError> {
        Ok(Wanted::Yes)
    }
}
