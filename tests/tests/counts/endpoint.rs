//! What the functions talk to: the Lambda runtime's interface, AWS's services, and a receiver, on one port. It does
//! what a delivery needs and no more; the emulator does the rest.
#![allow(
    dead_code,
    reason = "the binaries that share this file use parts of it"
)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::table::{Table, Units};

/// A document as V7 writes it, of an X-ray with a few annotations.
pub const DOCUMENT: &str = include_str!("../../../infra/local/examples/documents/swallow_01.json");

const INVOCATION: &str = "/2018-06-01/runtime/invocation/";

/// A request to a service.
#[derive(Clone, Debug)]
pub struct Asked {
    pub service: String,
    pub operation: String,
    /// It is about a workflow or a secret, which are kept for a time, not about a file.
    pub is_cached: bool,
    pub units: Units,
    /// For a secret: its name.
    pub secret: Option<String>,
}

/// A message that was sent to a queue.
#[derive(Clone, Debug)]
pub struct Sent {
    pub queue: String,
    pub body: String,
    /// Seconds.
    pub delay: u64,
}

#[derive(Default)]
struct Inner {
    table: Mutex<Table>,
    secrets: Mutex<BTreeMap<String, String>>,
    /// Of the assignments queue, by which an operator knows the deployment.
    tags: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<Asked>>,
    sent: Mutex<Vec<Sent>>,
    /// What the receiver answers.
    status: AtomicU16,
    calls: Mutex<u64>,
    /// Events that no function has taken yet.
    events: Mutex<VecDeque<(String, String)>>,
    waiting: Notify,
    /// Who waits for a function to ask for its next event.
    polls: Mutex<Option<mpsc::Sender<Instant>>>,
    /// Who waits for the answer to an event.
    answers: Mutex<BTreeMap<String, mpsc::Sender<Result<Value, String>>>>,
}

#[derive(Clone)]
pub struct Endpoint {
    inner: Arc<Inner>,
    /// `127.0.0.1:port`.
    pub address: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Endpoint {
    /// On a thread of its own, until the process ends.
    pub fn start() -> Self {
        let inner = Arc::new(Inner::default());
        inner.status.store(200, Ordering::SeqCst);
        let served = Arc::clone(&inner);
        let (ready, address) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(serve(Arc::clone(&served), stream));
                }
            });
        });
        Self {
            inner,
            address: address.recv().unwrap().to_string(),
        }
    }

    /// Gives the assignments queue these tags, besides those that name the deployment's parts.
    pub fn tag(&self, tags: BTreeMap<String, String>) {
        *lock(&self.inner.tags) = tags;
    }

    /// From now on the receiver answers so.
    pub fn answers(&self, status: u16) {
        self.inner.status.store(status, Ordering::SeqCst);
    }

    /// Requests since the last look.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut lock(&self.inner.asked))
    }

    /// Messages sent since the last look.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut lock(&self.inner.sent))
    }

    /// Calls that the receiver got since the last look.
    pub fn calls(&self) -> u64 {
        std::mem::take(&mut lock(&self.inner.calls))
    }

    /// When a function asks for an event from now on.
    pub fn poll(&self) -> mpsc::Receiver<Instant> {
        let (sender, polled) = mpsc::channel();
        *lock(&self.inner.polls) = Some(sender);
        polled
    }

    /// Gives an event to the function that runs, and waits for its answer.
    pub fn invoke(&self, event: &Value) -> Value {
        let id = uuid::Uuid::new_v4().to_string();
        let (sender, answer) = mpsc::channel();
        lock(&self.inner.answers).insert(id.clone(), sender);
        lock(&self.inner.events).push_back((id, event.to_string()));
        self.inner.waiting.notify_one();
        answer.recv().unwrap().unwrap()
    }
}

type Answer = Response<Full<Bytes>>;

fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    answer
}

async fn serve(inner: Arc<Inner>, stream: tokio::net::TcpStream) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(|request| respond(Arc::clone(&inner), request));
    // An error is a function that has ended.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn respond(inner: Arc<Inner>, request: Request<Incoming>) -> hyper::Result<Answer> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let path = head.uri.path();
    if let Some(of) = path.strip_prefix(INVOCATION) {
        return Ok(match of.split_once('/') {
            None => next(&inner).await,
            Some((id, what)) => {
                let said = String::from_utf8_lossy(&body).into_owned();
                let said = match what {
                    "response" => Ok(serde_json::from_str(&said).unwrap_or(Value::Null)),
                    _ => Err(said),
                };
                if let Some(waiting) = lock(&inner.answers).remove(id) {
                    let _ = waiting.send(said);
                }
                answer(202, "{}")
            }
        });
    }
    if path == "/receiver" {
        *lock(&inner.calls) += 1;
        return Ok(answer(
            inner.status.load(Ordering::SeqCst),
            "{\"ok\": true}",
        ));
    }
    let target = head.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok());
    let Some((service, operation)) = target.and_then(|target| target.split_once('.')) else {
        return Ok(object(&inner, &head.method));
    };
    let service = service.split('_').next().unwrap_or(service);
    let request: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let mut asked = Asked {
        service: service.to_owned(),
        operation: operation.to_owned(),
        is_cached: operation == "Query" || service == "secretsmanager",
        units: Units::default(),
        secret: request["SecretId"].as_str().map(str::to_owned),
    };
    let said = match service {
        "DynamoDB" => lock(&inner.table)
            .answer(operation, &request)
            .map(|(said, units)| {
                asked.units = units;
                said
            }),
        "AmazonSQS" => queue(&inner, operation, &request),
        "secretsmanager" => secret(&inner, operation, &request),
        _ => None,
    };
    lock(&inner.asked).push(asked);
    Ok(said.map_or_else(
        || {
            answer(
                400,
                json!({"__type": "NotHere", "message": "not here"}).to_string(),
            )
        },
        |said| answer(200, said.to_string()),
    ))
}

async fn next(inner: &Inner) -> Answer {
    if let Some(waiting) = lock(&inner.polls).take() {
        let _ = waiting.send(Instant::now());
    }
    let (id, event) = loop {
        let waiting = inner.waiting.notified();
        if let Some(event) = lock(&inner.events).pop_front() {
            break event;
        }
        waiting.await;
    };
    // An hour: nothing here may end by time.
    let deadline = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_millis()
        + 3_600_000;
    let mut answer = answer(200, event);
    let mut header = |name: &'static str, value: &str| {
        answer.headers_mut().insert(name, value.parse().unwrap());
    };
    header("lambda-runtime-aws-request-id", &id);
    header("lambda-runtime-deadline-ms", &deadline.to_string());
    header(
        "lambda-runtime-invoked-function-arn",
        "arn:aws:lambda:us-east-1:123456789012:function:webhook-stage",
    );
    header(
        "lambda-runtime-trace-id",
        "Root=1-5e1b4151-5ac6c58f3b7f3a4f1d2c3b4a;Parent=53995c3f42cd8ad8;Sampled=0",
    );
    answer
}

fn object(inner: &Inner, method: &Method) -> Answer {
    lock(&inner.asked).push(Asked {
        service: "S3".to_owned(),
        operation: method.to_string(),
        is_cached: false,
        units: Units::default(),
        secret: None,
    });
    if method == Method::GET {
        answer(200, DOCUMENT)
    } else {
        answer(200, "")
    }
}

fn queue(inner: &Inner, operation: &str, request: &Value) -> Option<Value> {
    match operation {
        "SendMessageBatch" => {
            let queue = request["QueueUrl"].as_str()?.rsplit('/').next()?;
            let mut successful = Vec::new();
            // What warms a connection has none, and SQS refuses it.
            for entry in request["Entries"]
                .as_array()
                .filter(|all| !all.is_empty())?
            {
                lock(&inner.sent).push(Sent {
                    queue: queue.to_owned(),
                    body: entry["MessageBody"].as_str()?.to_owned(),
                    delay: entry["DelaySeconds"].as_u64().unwrap_or(0),
                });
                let md5 = "0cc175b9c0f1b6a831c399e269772661";
                let id = uuid::Uuid::new_v4().to_string();
                successful
                    .push(json!({"Id": entry["Id"], "MessageId": id, "MD5OfMessageBody": md5}));
            }
            Some(json!({"Successful": successful, "Failed": []}))
        }
        "GetQueueUrl" => {
            let name = request["QueueName"].as_str()?;
            Some(
                json!({"QueueUrl": format!("https://sqs.us-east-1.amazonaws.com/123456789012/{name}")}),
            )
        }
        "ListQueueTags" => {
            let mut tags = lock(&inner.tags).clone();
            let names = [
                ("table", "webhook-stage-table"),
                ("documents-bucket", "webhook-stage-documents"),
                ("secrets-prefix", "webhook-stage/"),
            ];
            let names = names.map(|(tag, name)| (format!("webhook-stage:{tag}"), name.to_owned()));
            tags.extend(names);
            Some(json!({"Tags": tags}))
        }
        _ => None,
    }
}

fn secret(inner: &Inner, operation: &str, request: &Value) -> Option<Value> {
    let mut secrets = lock(&inner.secrets);
    match operation {
        "CreateSecret" | "PutSecretValue" => {
            let name = request["Name"]
                .as_str()
                .or_else(|| request["SecretId"].as_str())?;
            secrets.insert(
                name.to_owned(),
                request["SecretString"].as_str()?.to_owned(),
            );
            Some(json!({"Name": name}))
        }
        "GetSecretValue" => {
            let name = request["SecretId"].as_str()?;
            Some(json!({"Name": name, "SecretString": secrets.get(name)?}))
        }
        _ => None,
    }
}
