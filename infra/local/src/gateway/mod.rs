//! API Gateway on one machine: an HTTP server that asks the real authorizer handler and then calls the
//! real receiver handler, with the events that API Gateway would send.

mod event;

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use authorizer::Tokens;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use lambda_runtime::{Context, LambdaEvent};
use receiver::Receiver;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Largest request body: 64 MiB. API Gateway itself takes 10 MB.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// How long requests under way may still take after the server was asked to stop.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// The pause after a connection could not be accepted.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// A request that was answered, for observers.
#[derive(Debug)]
pub struct Received {
    /// The request's path and query.
    pub path: String,
    /// The `webhook-*` headers, `traceparent`, `content-type` and `user-agent`: name and value. Never `authorization`.
    pub headers: Vec<(String, String)>,
    /// The exact body; empty when the request was refused before its body was read.
    pub body: Bytes,
    /// The status answered.
    pub status: u16,
}

impl Received {
    /// The header with this name, given in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Called with each request after it was answered.
pub type OnRequest = Box<dyn Fn(&Received) + Send + Sync>;

/// What the server puts requests through.
pub struct Gateway {
    /// The Authorization values that are accepted.
    pub tokens: Tokens,
    /// The receiver's handler.
    pub receiver: Receiver,
    /// A delay before each answer, for trying things out.
    pub delay: Duration,
    /// Called with each request after it was answered.
    pub on_request: OnRequest,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway")
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// Serves until `shutdown` completes. Requests under way are still answered, if that takes no longer than
/// [`PATIENCE`].
pub async fn serve(listener: TcpListener, gateway: Gateway, shutdown: impl Future<Output = ()>) {
    let gateway = Arc::new(gateway);
    let mut shutdown = pin!(shutdown);
    let mut connections = JoinSet::new();
    let (stop, stopped) = watch::channel(());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, Arc::clone(&gateway), stopped.clone()));
            }
            // The cause may pass, such as too many open files, and the receiver should survive it.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    drop(stop);
    let answered = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(PATIENCE, answered).await;
}

async fn connection(stream: TcpStream, gateway: Arc<Gateway>, mut stopped: watch::Receiver<()>) {
    // Without this (Nagle's algorithm) small answers would be held back.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, std::convert::Infallible>(gateway.answer(request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended");
    }
}

impl Gateway {
    /// Answers one request.
    #[doc(hidden)]
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let (head, body) = request.into_parts();
        let mut received = Received {
            path: head
                .uri
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            headers: event::shown(&head.headers),
            body: Bytes::new(),
            status: 0,
        };
        let response = self.decide(&head, body, &mut received).await;
        received.status = response.status().as_u16();
        (self.on_request)(&received);
        response
    }

    async fn decide<B>(
        &self,
        head: &hyper::http::request::Parts,
        body: B,
        received: &mut Received,
    ) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        // Like API Gateway, which does not call the authorizer when the identity source is missing or empty.
        if head
            .headers
            .get(header::AUTHORIZATION)
            .is_none_or(|value| value.is_empty())
        {
            return refuse(StatusCode::UNAUTHORIZED, "Unauthorized");
        }
        let question = LambdaEvent::new(event::authorizer(head), Context::default());
        let answer = authorizer::answer(&self.tokens, &question);
        if answer.get("isAuthorized") != Some(&Value::Bool(true)) {
            return refuse(StatusCode::FORBIDDEN, "Forbidden");
        }
        if head.method != hyper::Method::POST {
            return refuse(StatusCode::NOT_FOUND, "Not Found");
        }
        let body = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                return refuse(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
            }
            Err(_) => return refuse(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        received.body = body.clone();
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        event::response(&self.receiver.answer(&event::proxy(head, &body)))
    }
}

fn refuse(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(json!({ "message": message }).to_string().into());
    *response.status_mut() = status;
    response
}
