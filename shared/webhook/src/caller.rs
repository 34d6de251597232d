use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use delivery::ports::{Call, Caller, PortError, Presign, SignRequest, Wanted};
use delivery::{Answer, DocumentReader, Reason};
use reqwest::{Body, Request};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use url::Url;
use workflow::Access;

use crate::access::{self, Source, Ticket, Tokens};
use crate::body::{Prepared, prepare};
use crate::certificates::Certificates;
use crate::classify::classify;
use crate::config::{CallerConfig, ClientError};
use crate::connections::Connections;
use crate::exchange::{self, Begun, Exchange, receiver_says};
use crate::failed::{Denied, Failed};
use crate::guard::Guard;
use crate::headers::headers;
use crate::redact::Redactor;
use crate::streamed::Starved;
use crate::targets::Targets;
use crate::{templates, tls};

/// Makes webhook calls. There should be one per process, so that connections and tokens are reused.
///
/// With [`with_presign`](Self::with_presign), `s3://` URLs of source files are presigned for stages that ask for
/// it. In a large document that is streamed, they are only if its `item` ends within the first MiB. With
/// [`with_signer`](Self::with_signer), calls are signed for AWS for stages that ask for it; without, their calls fail.
#[derive(Clone)]
pub struct WebhookCaller<P = (), S = ()> {
    connections: Connections,
    certificates: Certificates,
    tokens: Tokens,
    targets: Targets,
    /// Has one permit: for the document that is held in memory whole.
    held: Arc<Semaphore>,
    pub(crate) guard: Guard,
    pub(crate) user_agent: Arc<str>,
    presign: P,
    signer: S,
}

impl<P, S> std::fmt::Debug for WebhookCaller<P, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebhookCaller")
            .field("guard", &self.guard)
            .finish_non_exhaustive()
    }
}

impl WebhookCaller {
    /// Sets up the client.
    ///
    /// # Errors
    /// [`ClientError`] when a certificate cannot be read.
    pub fn new(config: CallerConfig) -> Result<Self, ClientError> {
        let guard = Guard::new(config.allow_networks.clone());
        let user_agent = config.user_agent.as_str().into();
        let roots = config.roots()?;
        let build = config.clients(&guard);
        let tls = tls::config(Arc::clone(&roots), None)?;
        Ok(Self {
            connections: Connections::new(|idle: Duration| build(idle, tls.clone()))?,
            certificates: Certificates::new(build, roots),
            tokens: Tokens::default(),
            targets: Targets::default(),
            held: Arc::new(Semaphore::new(1)),
            guard,
            user_agent,
            presign: (),
            signer: (),
        })
    }
}

impl<P, S> WebhookCaller<P, S> {
    /// The same caller with presigned URLs.
    #[must_use]
    pub fn with_presign<Q: Presign>(self, presign: Q) -> WebhookCaller<Q, S> {
        self.with(|_, signer| (presign, signer))
    }

    /// The same caller with signatures for AWS.
    #[must_use]
    pub fn with_signer<T: SignRequest>(self, signer: T) -> WebhookCaller<P, T> {
        self.with(|presign, _| (presign, signer))
    }

    fn with<Q, T>(self, other: impl FnOnce(P, S) -> (Q, T)) -> WebhookCaller<Q, T> {
        let (presign, signer) = other(self.presign, self.signer);
        WebhookCaller {
            connections: self.connections,
            certificates: self.certificates,
            tokens: self.tokens,
            targets: self.targets,
            held: self.held,
            guard: self.guard,
            user_agent: self.user_agent,
            presign,
            signer,
        }
    }
}

/// A call that is being made.
struct Under<'a, R> {
    call: &'a Call<R>,
    url: &'a Url,
    connections: &'a Connections,
    deadline: Instant,
}

impl<P: Presign, S: SignRequest> WebhookCaller<P, S> {
    async fn exchange<R: DocumentReader>(
        &self,
        call: &Call<R>,
        url: &Url,
        deadline: Instant,
        redactor: &mut Redactor,
    ) -> Result<Exchange, PortError> {
        let connections = match self.connections(call, url) {
            Ok(connections) => connections,
            Err(denied) => return Ok(denied.into()),
        };
        let under = Under {
            call,
            url,
            connections: &connections,
            deadline,
        };
        let ticket = match self.ticket(&under, redactor).await {
            Ok(ticket) => ticket,
            Err(denied) => return Ok(denied.into()),
        };
        let exchange = self.send(&under, ticket.as_ref(), redactor).await?;
        // Unless the receiver has said that it wants no other call.
        let is_refused = exchange.result == Ok(401) && exchange.receiver_says.is_none();
        match ticket {
            Some(refused) if is_refused && refused.source == Source::Kept => {
                refused.forget(&self.tokens);
                let mut again = match self.ticket(&under, redactor).await {
                    Ok(ticket) => Box::pin(self.send(&under, ticket.as_ref(), redactor)).await?,
                    Err(denied) => Exchange::from(denied),
                };
                again.note("the receiver had answered 401 to a token kept from before");
                Ok(again)
            }
            _ => Ok(exchange),
        }
    }

    /// Those of the stage's client certificate, if it has one.
    fn connections<R>(&self, call: &Call<R>, url: &Url) -> Result<Cow<'_, Connections>, Denied> {
        if !call.config.has_client_certificate {
            return Ok(Cow::Borrowed(&self.connections));
        }
        if url.scheme() != "https" {
            let detail = "the stage has a client certificate, and its URL is not https";
            return Err(Denied::new(Reason::InvalidUrl, detail));
        }
        Ok(Cow::Owned(self.certificates.connections(&call.secrets)?))
    }

    async fn ticket<R>(
        &self,
        under: &Under<'_, R>,
        redactor: &mut Redactor,
    ) -> Result<Option<Ticket>, Denied> {
        let call = under.call;
        if !matches!(call.config.access, Some(Access::OAuth2(_))) {
            return Ok(None);
        }
        // Boxed like all that few calls need, so that the future of the others is small: it is moved on its way.
        let (client, deadline) = (self.connections.fresh(), under.deadline);
        let ticket = access::ticket(call, &self.tokens, client, &self.guard, deadline);
        let ticket = Box::pin(ticket).await?;
        if let Some(ticket) = &ticket {
            ticket.hide(redactor);
        }
        Ok(ticket)
    }

    async fn send<R: DocumentReader>(
        &self,
        under: &Under<'_, R>,
        ticket: Option<&Ticket>,
        redactor: &mut Redactor,
    ) -> Result<Exchange, PortError> {
        let mut begun = 0;
        loop {
            let Begun {
                exchange,
                beginnings,
            } = self.begin(under, ticket, redactor).await?;
            begun += 1;
            if begun >= beginnings {
                return Ok(exchange);
            }
        }
    }

    async fn begin<R: DocumentReader>(
        &self,
        under: &Under<'_, R>,
        ticket: Option<&Ticket>,
        redactor: &mut Redactor,
    ) -> Result<Begun, PortError> {
        let (call, url) = (under.call, under.url);
        let ready = self.ready(call, url, ticket, redactor);
        let ready = match timeout_at(under.deadline, ready).await {
            Err(_) => return Ok(Exchange::late(0).into()),
            Ok(Ok(ready)) => ready,
            Ok(Err(Failed::Reason(reason, detail) | Failed::Unsent(reason, detail))) => {
                return Ok(Exchange::none(reason, detail, 0).into());
            }
            Ok(Err(Failed::Port(error))) => return Err(error),
        };
        let Ready {
            headers,
            body,
            length,
            starved,
            ..
        } = ready;
        let connections = under.connections;
        let client = connections.client(url, call.fresh_connection);
        // Not by a builder, which would copy the headers.
        let mut request = Request::new(method(call), url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body);
        let exchange = match timeout_at(under.deadline, client.execute(request)).await {
            Err(_) if starved.is_starved() => Exchange::late(length),
            Err(_) => Exchange::none(Reason::Timeout, None, length),
            Ok(Err(error)) => match classify(&error) {
                Failed::Port(error) => return Err(error),
                Failed::Unsent(reason, detail) => return Ok(Begun::unsent(reason, detail)),
                Failed::Reason(reason, detail) => {
                    if reason == Reason::ConnectionClosed && !call.fresh_connection {
                        connections.closed(url);
                    }
                    Exchange::none(reason, detail, length)
                }
            },
            Ok(Ok(response)) => {
                connections.answered(url, response.headers());
                let says = receiver_says(response.headers());
                let deadline = under.deadline;
                let exchange =
                    exchange::read(&self.guard, response, deadline, redactor, length).await;
                Exchange {
                    receiver_says: says.filter(|_| call.config.receiver_control),
                    ..exchange
                }
            }
        };
        Ok(exchange.into())
    }

    /// Makes the request, and authorizes it.
    async fn ready<R: DocumentReader>(
        &self,
        call: &Call<R>,
        url: &Url,
        ticket: Option<&Ticket>,
        redactor: &mut Redactor,
    ) -> Result<Ready, Failed> {
        let mut ready = self.unauthorized(call).await?;
        if let Some(ticket) = ticket {
            ticket.show(&mut ready.headers)?;
        }
        if let Some((access, sha256)) = access::sigv4(call).zip(ready.sha256) {
            let headers = &mut ready.headers;
            let signed = access::sign(call, access, url, sha256, &self.signer, headers, redactor);
            Box::pin(signed).await?;
        }
        Ok(ready)
    }

    /// Makes the request, without a token or a signature for AWS.
    pub(crate) async fn unauthorized<R: DocumentReader>(
        &self,
        call: &Call<R>,
    ) -> Result<Ready, Failed> {
        let Prepared {
            body,
            length,
            totals,
            starved,
        } = prepare(call, &self.presign, &self.held).await?;
        Ok(Ready {
            headers: headers(call, totals.signature)?,
            body,
            length,
            sha256: totals.sha256,
            starved,
        })
    }
}

/// A request that can be sent.
pub(crate) struct Ready {
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Body,
    pub(crate) length: u64,
    sha256: Option<[u8; 32]>,
    starved: Arc<Starved>,
}

const fn method<R>(call: &Call<R>) -> http::Method {
    match call.config.method {
        workflow::Method::Post => http::Method::POST,
        workflow::Method::Put => http::Method::PUT,
        workflow::Method::Patch => http::Method::PATCH,
    }
}

impl<R: DocumentReader, P: Presign, S: SignRequest> Caller<R> for WebhookCaller<P, S> {
    async fn call(&self, call: Call<R>) -> Result<Answer, PortError> {
        let started = Instant::now();
        let deadline = started + call.timeout;
        let url = self.targets.get(&call.config.url, &self.guard);
        let mut redactor = match &url {
            Ok(url) => Redactor::of(&call.secrets, Some(url)),
            Err(_) => Redactor::new(&call.secrets, &call.config.url),
        };
        let exchange = match url {
            Ok(url) => self.exchange(&call, &url, deadline, &mut redactor).await?,
            Err(error) => Exchange::none(error.reason(), Some(error.to_string()), 0),
        };
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

    async fn wants(&self, call: &Call<R>) -> Result<Wanted, PortError> {
        templates::wants(call, &self.presign).await
    }
}
