//! What the receiver makes of a call.

pub(crate) mod tls;

use std::convert::Infallible;
use std::error::Error;
use std::future::pending;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Either, Full, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::receiver::{DOWN, FLOOD, FLOOD_BYTES, SILENT, SLOW, SLOWNESS, STORM, now_micros};

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) calls: Mutex<Vec<(Uuid, u32, i64)>>,
    /// Of all bodies.
    pub(crate) bytes: AtomicU64,
    /// With TLS.
    pub(crate) connections: AtomicU64,
    /// That were completed; and those of them that resumed a session.
    pub(crate) handshakes: AtomicU64,
    pub(crate) resumed: AtomicU64,
    /// Seconds since 1970 that callers are told to come back at; 0 without a storm.
    pub(crate) storm_until: AtomicU64,
}

pub(crate) async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        tokio::spawn(serve(stream, Arc::clone(&seen)));
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, seen: Arc<Seen>) {
    let service = service_fn(move |request| answer(Arc::clone(&seen), request));
    // A caller that gave up closes its connection; that is no fault here.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    seen: Arc<Seen>,
    request: Request<Incoming>,
) -> Result<Response<impl Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>>, Infallible>
{
    let at = now_micros();
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let id = header("webhook-id").parse().unwrap();
    let attempt = header("webhook-attempt").parse().unwrap();
    let path = request.uri().path().to_owned();
    seen.calls.lock().unwrap().push((id, attempt, at));
    // A body cut off is a call all the same: it was begun. Nothing of it is kept, whatever its size.
    let mut body = request.into_body();
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        seen.bytes.fetch_add(bytes as u64, SeqCst);
    }
    match path.as_str() {
        SILENT => pending::<()>().await,
        SLOW => tokio::time::sleep(SLOWNESS).await,
        FLOOD => return Ok(Response::new(Either::Right(flood()))),
        _ => {}
    }
    let until = seen.storm_until.load(SeqCst);
    let mut response = Response::new(Either::Left(Full::default()));
    if (path == DOWN || path == STORM) && until > 0 {
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    }
    if path == STORM && until > 0 {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
        let date = httpdate::fmt_http_date(date).parse().unwrap();
        let headers = response.headers_mut();
        headers.insert(http::header::RETRY_AFTER, date);
    }
    Ok(response)
}

fn flood() -> impl Body<Data = Bytes, Error = Infallible> {
    const CHUNK: usize = 64 * 1024;
    let chunk = Bytes::from(vec![b'.'; CHUNK]);
    let chunks = std::iter::repeat_n(chunk, FLOOD_BYTES / CHUNK);
    StreamBody::new(stream::iter(chunks.map(|chunk| Ok(Frame::data(chunk)))))
}
