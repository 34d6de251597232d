//! The receiver's process: one thread takes commands, the other answers calls.

use std::io::{BufRead, Write, stdin, stdout};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, SystemTime};

use tokio::runtime::Handle;

use crate::sink::{Seen, accept, tls};

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
/// Answers at once, with a body of [`FLOOD_BYTES`].
pub(crate) const FLOOD: &str = "/flood";

pub(crate) const SLOWNESS: Duration = Duration::from_secs(29);
pub(crate) const FLOOD_BYTES: usize = 300 * 1024 * 1024;

/// Microseconds since 1970: both processes read the same clock.
pub(crate) fn now_micros() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since.as_micros()).unwrap()
}

/// Serves until the other end of the pipe is closed.
pub(crate) fn serve() {
    let seen = Arc::new(Seen::default());
    let (running, runtime) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        running.send(runtime.handle().clone()).unwrap();
        runtime.block_on(std::future::pending::<()>());
    });
    let runtime = runtime.recv().unwrap();
    say(&listen(&runtime, &seen).to_string());
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
            ["bytes"] => say(&seen.bytes.load(SeqCst).to_string()),
            ["handshakes"] => {
                let counts = [&seen.connections, &seen.handshakes, &seen.resumed];
                let [connections, all, resumed] = counts.map(|count| count.load(SeqCst));
                say(&format!("{connections} {all} {resumed}"));
            }
            ["port"] => say(&listen(&runtime, &seen).port().to_string()),
            ["tls"] => {
                let (listener, address) = bind();
                let (acceptor, certificate) = tls::acceptor();
                let _inside = runtime.enter();
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                runtime.spawn(tls::accept(listener, acceptor, Arc::clone(&seen)));
                say(&format!(
                    "{} {}",
                    address.port(),
                    certificate.replace('\n', "|")
                ));
            }
            ["storm", until] => {
                seen.storm_until.store(until.parse().unwrap(), SeqCst);
                say("done");
            }
            unknown => panic!("{unknown:?}"),
        }
    }
}

fn listen(runtime: &Handle, seen: &Arc<Seen>) -> SocketAddr {
    let (listener, address) = bind();
    let _inside = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    runtime.spawn(accept(listener, Arc::clone(seen)));
    address
}

fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn say(line: &str) {
    println!("{line}");
    stdout().flush().unwrap();
}
