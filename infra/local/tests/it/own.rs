//! A receiver that answers as a function says.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::Call;

/// Status, `Content-Type` and body.
pub type Answer = (u16, &'static str, String);

type Answers = dyn Fn(&Call, &str) -> Answer + Send + Sync;

pub struct Own {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Own {
    /// `answers` is given each call and its method.
    pub fn start(answers: impl Fn(&Call, &str) -> Answer + Send + Sync + 'static) -> Self {
        let answers: Arc<Answers> = Arc::new(answers);
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let (ready, address) = std::sync::mpsc::channel();
        let seen = Arc::clone(&calls);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, answers, seen) => {}
                    _ = stopped => {}
                }
            });
        });
        Self {
            address: address.recv().unwrap(),
            calls,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, answers: Arc<Answers>, calls: Arc<Mutex<Vec<Call>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answers, calls) = (Arc::clone(&answers), Arc::clone(&calls));
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (answers, calls) = (Arc::clone(&answers), Arc::clone(&calls));
                async move { Ok::<_, Infallible>(answered(request, &*answers, &calls).await) }
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answered(
    request: Request<Incoming>,
    answers: &Answers,
    calls: &Mutex<Vec<Call>>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.to_string(), value)
    });
    let mut call = Call {
        path: head.uri.to_string(),
        headers: headers.collect(),
        body: body.collect().await.unwrap().to_bytes().to_vec(),
        status: 0,
    };
    let (status, content_type, text) = answers(&call, head.method.as_str());
    call.status = status;
    calls.lock().unwrap().push(call);
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .body(Full::new(text.into()))
        .unwrap()
}
