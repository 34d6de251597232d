//! API Gateway on one machine: an HTTP server that asks the real authorizer handler and then calls the
//! real receiver handler, with the events that API Gateway would send.

mod event;

use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use authorizer::Tokens;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::{Request, Response, StatusCode, header};
use lambda_runtime::{Context, LambdaEvent};
use receiver::Receiver;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::server;

/// Largest request body: 64 MiB. API Gateway itself takes 10 MB.
pub const MAX_BODY: usize = 64 * 1024 * 1024;

/// How long requests under way may still take after the server was asked to stop.
pub const PATIENCE: Duration = Duration::from_secs(5);

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
    let answer = move |request, _| {
        let gateway = Arc::clone(&gateway);
        async move { gateway.answer(request).await }
    };
    server::serve(listener, answer, PATIENCE, shutdown).await;
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
