//! A receiver over raw TCP, a resolver that counts, and documents that are read in chunks.
// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{Call, Caller, PortError};
use delivery::{Answer, Document, DocumentReader, Timestamp, Trace};
use futures_util::{Stream, StreamExt, stream};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;
use webhook::guard::Lookup;
use webhook::{CallerConfig, WebhookCaller};
use workflow::{StageSecrets, WebhookConfig};

/// A listener on loopback that hands each connection to `serve` and counts them.
pub struct Receiver {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Receiver {
    pub async fn start<F, S>(serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), serve)
    }

    pub fn on<F, S>(listener: TcpListener, serve: S) -> Self
    where
        S: Fn(TcpStream) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let address = listener.local_addr().unwrap();
        let accepted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Self { address, accepted }
    }

    /// Reads each request whole, then answers it with `answer`, whatever that is, and closes.
    pub async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = Bytes::from(answer.into());
        Self::start(move |mut stream| {
            let answer = answer.clone();
            async move {
                read_request(&mut stream).await?;
                stream.write_all(&answer).await?;
                stream.shutdown().await
            }
        })
        .await
    }

    /// Answers 200 to any number of requests on a connection, and keeps them.
    pub async fn keeping() -> (Self, Arc<Mutex<Vec<Request>>>) {
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let receiver = Self::start(move |mut stream| {
            let kept = Arc::clone(&kept);
            async move {
                loop {
                    let request = read_request(&mut stream).await?;
                    kept.lock().unwrap().push(request);
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                        .await?;
                }
            }
        })
        .await;
        (receiver, requests)
    }

    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }
}

/// A request as it came over the wire.
#[derive(Debug)]
pub struct Request {
    pub line: String,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().unwrap().to_owned();
    let mut headers = HashMap::new();
    for header in lines {
        let (name, value) = header.split_once(": ").unwrap();
        let before = headers.insert(name.to_ascii_lowercase(), value.to_owned());
        assert_eq!(before, None, "{name} twice");
    }
    Ok(Request {
        line,
        headers,
        body: Vec::new(),
    })
}

pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Request> {
    let mut request = read_head(stream).await?;
    let length: usize = request.headers["content-length"].parse().unwrap();
    request.body = vec![0; length];
    stream.read_exact(&mut request.body).await?;
    Ok(request)
}

/// A resolver that gives one answer after the other (the last one for ever) and counts.
#[derive(Default)]
pub struct Names {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Names {
    pub fn answering(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers
            .iter()
            .map(|addresses| addresses.iter().map(|text| text.parse().unwrap()).collect())
            .collect();
        Arc::new(Self {
            answers: Mutex::new(answers),
            asked: AtomicUsize::new(0),
        })
    }

    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Names {
    fn lookup(
        &self,
        _host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        };
        Box::pin(async move { answer.ok_or_else(|| io::Error::other("no such name")) })
    }
}

pub fn config(lookup: Arc<dyn Lookup>, allow: &[&str]) -> CallerConfig {
    CallerConfig {
        allow_networks: allow.iter().map(|net| net.parse().unwrap()).collect(),
        lookup,
        ..CallerConfig::default()
    }
}

/// A caller that may call loopback and knows no names.
pub fn caller() -> WebhookCaller {
    WebhookCaller::new(config(Arc::new(Names::default()), &["127.0.0.0/8"])).unwrap()
}

/// A document of `parts`, each so many times, that counts how often it is opened.
#[derive(Debug, Default)]
pub struct Reader {
    pub parts: Vec<(Bytes, usize)>,
    pub ends: Ends,
    pub opened: Arc<AtomicUsize>,
}

/// How reading ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    #[default]
    Well,
    Failing,
    Stalling,
}

impl DocumentReader for Reader {
    type Stream = Pin<Box<dyn Stream<Item = Result<Bytes, PortError>> + Send>>;

    fn length(&self) -> u64 {
        self.parts
            .iter()
            .map(|(part, times)| (part.len() * times) as u64)
            .sum::<u64>()
            + u64::from(self.ends != Ends::Well)
    }

    async fn stream(&self) -> Result<Self::Stream, PortError> {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let parts = self.parts.clone();
        let chunks = stream::iter(parts)
            .flat_map(|(part, times)| stream::iter(std::iter::repeat_n(part, times)))
            .map(Ok);
        Ok(match self.ends {
            Ends::Well => chunks.boxed(),
            Ends::Stalling => chunks.chain(stream::pending()).boxed(),
            Ends::Failing => {
                let kind = delivery::ports::PortErrorKind::Throttled;
                let error = PortError::new(kind, "get a document");
                chunks.chain(stream::iter([Err(error)])).boxed()
            }
        })
    }
}

/// A call of a small document with a timeout that no well-behaved receiver meets.
pub fn call(url: impl Into<String>) -> Call<Reader> {
    Call {
        config: WebhookConfig::new(url),
        secrets: StageSecrets::default(),
        document: Document::Bytes(Bytes::from_static(
            br#"{"version": "2.0", "item": {"name": "a.jpg"}, "annotations": [1]}"#,
        )),
        team: "acme".to_owned(),
        workflow_name: "Labels".to_owned(),
        stage_name: "Check".to_owned(),
        delivery_id: Uuid::from_u128(0xde11),
        workflow_id: Uuid::from_u128(0x0f10),
        stage_id: Uuid::from_u128(0x57a9),
        attempt: 1,
        traceparent: Trace::begun_by(Uuid::from_u128(0xde11)).call(Uuid::from_u128(0xc1a1)),
        sent_at: Timestamp::from(std::time::SystemTime::now()),
        timeout: Duration::from_secs(20),
        fresh_connection: false,
    }
}

/// The same with a timeout that a hostile receiver is to meet.
pub fn short(url: impl Into<String>) -> Call<Reader> {
    Call {
        timeout: Duration::from_secs(1),
        ..call(url)
    }
}

pub async fn answer(caller: &impl Caller<Reader>, call: Call<Reader>) -> Answer {
    caller.call(call).await.unwrap()
}
