//! A receiver that keeps every call as the checker wants it.
#![allow(
    dead_code,
    reason = "the binaries that share this file use parts of it"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use simulation::check;
use tokio::net::TcpListener;
use uuid::Uuid;

/// A call: delivery and attempt.
pub type Call = (Uuid, u32);

/// What a receiver answers, and after how long.
pub type Answer = fn(Call) -> (u16, Duration);

/// One delivery in ten is always refused, another third of them once.
pub fn mixed((delivery, attempt): Call) -> u16 {
    match delivery.as_u128() % 30 {
        _ if is_always_refused(delivery) => 500,
        3..=12 if attempt == 1 => 503,
        _ => 200,
    }
}

pub fn is_always_refused(delivery: Uuid) -> bool {
    delivery.as_u128() % 30 < 3
}

#[derive(Clone, Default)]
pub struct Seen {
    calls: Arc<Mutex<Vec<check::Call>>>,
}

pub struct Receiver {
    pub url: String,
    pub seen: Seen,
}

impl Seen {
    /// Every call, also those whose caller did not wait for the answer.
    pub fn calls(&self) -> Vec<check::Call> {
        let calls = self.calls.lock();
        calls.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls that are being answered right now.
    pub fn under_way(&self) -> Vec<Call> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.until == i64::MAX)
            .map(|call| (call.delivery_id, call.attempt))
            .collect()
    }

    /// How often each delivery was called, by attempt.
    pub fn by_call(&self) -> BTreeMap<Call, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls() {
            *counts.entry((call.delivery_id, call.attempt)).or_default() += 1;
        }
        counts
    }

    /// The attempts after the first that came: without any, nothing is known of when they come.
    pub fn retries(&self) -> usize {
        let calls = self.calls().into_iter();
        calls.filter(|call| call.attempt > 1).count()
    }

    /// The deliveries that `mixed` never takes.
    pub fn always_refused(&self) -> usize {
        let calls = self.calls().into_iter().map(|call| call.delivery_id);
        let refused = calls.filter(|delivery| is_always_refused(*delivery));
        refused.collect::<BTreeSet<_>>().len()
    }

    fn with<T>(&self, act: impl FnOnce(&mut Vec<check::Call>) -> T) -> T {
        act(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Ends its call however that ends: answered, or dropped because the caller went away.
struct Open {
    seen: Seen,
    index: usize,
    status: Option<u16>,
}

impl Drop for Open {
    fn drop(&mut self) {
        let (index, status) = (self.index, self.status);
        self.seen.with(|calls| {
            calls[index].until = now();
            calls[index].status = status;
        });
    }
}

/// Milliseconds since 1970, as the calls have them.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

impl Receiver {
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Seen::default();
        let (kept, called) = (seen.clone(), url.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (seen, url) = (kept.clone(), called.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        serve(seen.clone(), url.clone(), request, answer)
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, seen }
    }
}

async fn serve(
    seen: Seen,
    url: String,
    request: Request<Incoming>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let from = now();
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    let delivery_id = header("webhook-id").parse().unwrap();
    let attempt = header("webhook-attempt").parse().unwrap();
    request.into_body().collect().await?;
    let index = seen.with(|calls| {
        calls.push(check::Call {
            delivery_id,
            attempt,
            url,
            from,
            decided: from,
            until: i64::MAX,
            status: None,
            retry_after: None,
            excused: false,
        });
        calls.len() - 1
    });
    let mut open = Open {
        seen,
        index,
        status: None,
    };
    let (status, delay) = answer((delivery_id, attempt));
    tokio::time::sleep(delay).await;
    open.status = Some(status);
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    Ok(response)
}
