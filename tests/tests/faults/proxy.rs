//! What stands between the functions and the engine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// What is done to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It goes through.
    None,
    /// The service says that it is asked too much.
    Throttle,
    /// The connection breaks before the service has it.
    LoseRequest,
    /// The service has done it, and the connection breaks before its answer is there.
    LoseAnswer,
    /// The service gets it twice.
    Repeat,
}

/// Decides by service, operation, and the count of requests so far.
pub type Plan = fn(service: &str, operation: &str, number: u64) -> Fault;

pub type Counts = BTreeMap<(String, String), u64>;

struct Inner {
    upstream: OnceLock<String>,
    plan: Mutex<Plan>,
    asked: Mutex<Counts>,
    done: Mutex<BTreeMap<Fault, u64>>,
    client: reqwest::Client,
}

#[derive(Clone)]
pub struct Proxy {
    inner: Arc<Inner>,
    pub url: String,
}

impl Proxy {
    /// Starts one on a thread of its own: the tests' runtimes come and go.
    pub fn start() -> Self {
        let inner = Arc::new(Inner {
            upstream: OnceLock::new(),
            plan: Mutex::new(|_, _, _| Fault::None),
            asked: Mutex::default(),
            done: Mutex::default(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        });
        let (ready, address) = std::sync::mpsc::channel();
        let served = Arc::clone(&inner);
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new()
                .unwrap()
                .block_on(async move {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    ready.send(listener.local_addr().unwrap()).unwrap();
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        tokio::spawn(serve(Arc::clone(&served), stream));
                    }
                });
        });
        let url = format!("http://{}", address.recv().unwrap());
        Self { inner, url }
    }

    pub fn leads_to(&self, endpoint: &str) {
        self.inner.upstream.set(endpoint.to_owned()).unwrap();
    }

    /// Forgets what was counted, and does this from now on.
    pub fn plan(&self, plan: Plan) {
        lock(&self.inner.asked).clear();
        lock(&self.inner.done).clear();
        *lock(&self.inner.plan) = plan;
    }

    /// Requests by service and operation.
    pub fn asked(&self) -> Counts {
        lock(&self.inner.asked).clone()
    }

    /// How often a fault was done.
    pub fn done(&self, fault: Fault) -> u64 {
        lock(&self.inner.done).get(&fault).copied().unwrap_or(0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(inner: Arc<Inner>, stream: tokio::net::TcpStream) {
    let service = service_fn(|request| answer(Arc::clone(&inner), request));
    // An error is a connection that was broken on purpose, or its other end.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// `DynamoDB` and `PutItem`; S3 has its method for an operation.
fn named(request: &Request<Incoming>) -> (String, String) {
    let target = request.headers().get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    match target.and_then(|target| target.split_once('.')) {
        Some((service, operation)) => {
            let service = service.split('_').next().unwrap_or(service);
            (service.to_owned(), operation.to_owned())
        }
        None => ("S3".to_owned(), request.method().to_string()),
    }
}

async fn answer(
    inner: Arc<Inner>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let broken = || std::io::Error::other("broken on purpose");
    let (service, operation) = named(&request);
    let number = {
        let mut asked = lock(&inner.asked);
        *asked
            .entry((service.clone(), operation.clone()))
            .or_default() += 1;
        asked.values().sum()
    };
    let fault = (lock(&inner.plan))(&service, &operation, number);
    *lock(&inner.done).entry(fault).or_default() += 1;
    match fault {
        Fault::Throttle => return Ok(throttled()),
        Fault::LoseRequest => return Err(broken()),
        _ => {}
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| broken())?.to_bytes();
    let mut last = forward(&inner, &head, body.clone())
        .await
        .map_err(|_| broken())?;
    match fault {
        Fault::Repeat => last = forward(&inner, &head, body).await.map_err(|_| broken())?,
        Fault::LoseAnswer => return Err(broken()),
        _ => {}
    }
    Ok(last)
}

/// As DynamoDB says it; other services have the same form and other names.
fn throttled() -> Response<Full<Bytes>> {
    let body = br#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"slow down"}"#;
    let mut response = Response::new(Full::new(Bytes::from_static(body)));
    *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
    response
}

async fn forward(
    inner: &Inner,
    head: &http::request::Parts,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, reqwest::Error> {
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = format!("{}{path}", inner.upstream.get().unwrap());
    // With its `Host`: it is signed.
    let mut headers = head.headers.clone();
    for own in [
        "content-length",
        "connection",
        "expect",
        "transfer-encoding",
    ] {
        headers.remove(own);
    }
    let sent = inner.client.request(head.method.clone(), url);
    let answer = sent.headers(headers).body(body).send().await?;
    let mut response = Response::new(Full::default());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    for own in ["content-length", "connection", "transfer-encoding"] {
        response.headers_mut().remove(own);
    }
    *response.body_mut() = Full::new(answer.bytes().await?);
    Ok(response)
}

/// A fault for each of `percent` in 100 requests, spread, and the same in every run.
pub const fn every(number: u64, percent: u64) -> bool {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32 < percent * 0xffff_ffff / 100
}
