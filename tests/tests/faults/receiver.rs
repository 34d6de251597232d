//! A receiver that keeps each call's delivery and attempt, and answers after a while.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use uuid::Uuid;

/// A call: delivery and attempt.
pub type Call = (Uuid, u32);

#[derive(Clone, Default)]
pub struct Seen {
    calls: Arc<Mutex<Vec<Call>>>,
    answered: Arc<Mutex<Vec<Call>>>,
}

pub struct Receiver {
    pub url: String,
    pub seen: Seen,
}

impl Seen {
    /// Every call, also those whose caller did not wait for the answer.
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.calls).clone()
    }

    /// How many calls are being answered right now, or never were because the caller went away.
    pub fn unanswered(&self) -> usize {
        self.calls().len() - lock(&self.answered).len()
    }

    /// How often each delivery was called, by attempt.
    pub fn by_call(&self) -> BTreeMap<Call, usize> {
        let mut counts = BTreeMap::new();
        for call in self.calls() {
            *counts.entry(call).or_default() += 1;
        }
        counts
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    /// Answers 200 after `delay`.
    pub async fn start(delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let seen = Seen::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let seen = kept.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(seen.clone(), request, delay));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { url, seen }
    }
}

async fn answer(
    seen: Seen,
    request: Request<Incoming>,
    delay: Duration,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
    let call = (
        header("webhook-id").parse().unwrap(),
        header("webhook-attempt").parse().unwrap(),
    );
    request.into_body().collect().await?;
    lock(&seen.calls).push(call);
    tokio::time::sleep(delay).await;
    lock(&seen.answered).push(call);
    Ok(Response::new(Full::default()))
}
