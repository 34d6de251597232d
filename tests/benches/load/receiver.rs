//! The receiver, a process of its own: answers as its path says, and keeps each call's id, attempt and
//! time of arrival. Its one end of a pipe takes commands, the other answers them.

use std::convert::Infallible;
use std::future::pending;
use std::io::{BufRead, Write, stdin, stdout};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use uuid::Uuid;

/// Answers at once.
pub(crate) const WELL: &str = "/well";
/// Takes the call and never answers.
pub(crate) const SILENT: &str = "/silent";
/// Answers just before the product's timeout of 30 s.
pub(crate) const SLOW: &str = "/slow";
/// 503 with a `Retry-After` while there is a storm, else as well as any.
pub(crate) const STORM: &str = "/storm";

/// 503 while there is a storm, without saying for how long.
pub(crate) const DOWN: &str = "/down";

const SLOWNESS: Duration = Duration::from_secs(29);

#[derive(Default)]
struct Seen {
    calls: Mutex<Vec<(Uuid, u32, i64)>>,
    /// Seconds since 1970 that callers are told to come back at; 0 without a storm.
    storm_until: AtomicU64,
}

/// Microseconds since 1970: both processes read the same clock.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Serves until the other end of the pipe is closed.
pub(crate) fn serve() {
    let seen = Arc::new(Seen::default());
    let served = Arc::clone(&seen);
    let (ready, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            ready.send(listener.local_addr().unwrap()).unwrap();
            accept(listener, served).await;
        });
    });
    say(&address.recv().unwrap().to_string());
    for command in stdin().lock().lines() {
        match command.unwrap().split(' ').collect::<Vec<_>>().as_slice() {
            ["calls"] => {
                let calls = seen.calls.lock().unwrap();
                say(&calls.len().to_string());
                let lines = calls.iter();
                let lines = lines.map(|(id, attempt, at)| format!("{id} {attempt} {at}\n"));
                print!("{}", lines.collect::<String>());
                stdout().flush().unwrap();
            }
            ["count"] => say(&seen.calls.lock().unwrap().len().to_string()),
            ["storm", until] => {
                let until = until.parse().unwrap();
                seen.storm_until.store(until, Ordering::SeqCst);
                say("done");
            }
            unknown => panic!("{unknown:?}"),
        }
    }
}

fn say(line: &str) {
    println!("{line}");
    stdout().flush().unwrap();
}

async fn accept(listener: TcpListener, seen: Arc<Seen>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&seen), request));
            // A caller that gave up closes its connection; that is no fault here.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    seen: Arc<Seen>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let at = now_micros();
    let header = |name: &str| request.headers()[name].to_str().unwrap();
    let id = header("webhook-id").parse().unwrap();
    let attempt = header("webhook-attempt").parse().unwrap();
    let path = request.uri().path().to_owned();
    seen.calls.lock().unwrap().push((id, attempt, at));
    // A body cut off is a call all the same: it was begun.
    let _ = request.into_body().collect().await;
    match path.as_str() {
        SILENT => pending::<()>().await,
        SLOW => tokio::time::sleep(SLOWNESS).await,
        _ => {}
    }
    let until = seen.storm_until.load(Ordering::SeqCst);
    let mut response = Response::new(Full::default());
    if path == DOWN && until > 0 {
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
    }
    if path == STORM && until > 0 {
        *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(until);
        let date = httpdate::fmt_http_date(date).parse().unwrap();
        response
            .headers_mut()
            .insert(http::header::RETRY_AFTER, date);
    }
    Ok(response)
}
