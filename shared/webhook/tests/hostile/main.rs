//! Receivers that mean harm, or are just broken: the deadline and the memory hold, the reason says which.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod heads;
#[path = "../support/mod.rs"]
mod support;
mod unasked;
mod unread;

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use delivery::retry::RetryAfter;
use delivery::{Answer, Reason, Timestamp};
use futures_util::future::pending;
use support::{Names, Receiver, answer, call, caller, config, read_request, short};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use webhook::WebhookCaller;
use webhook::guard::Lookup;

/// No call with a timeout of one second lasts longer than this, on however busy a machine.
const HANG: Duration = Duration::from_secs(10);

async fn one(receiver: &Receiver) -> Answer {
    let caller = caller();
    let answer = timeout(HANG, answer(&caller, short(receiver.url())));
    answer.await.expect("the deadline did not hold")
}

/// Closes with a reset instead of an end.
fn reset(stream: TcpStream) {
    stream.set_zero_linger().unwrap();
}

/// Sends a gigabyte, and counts what it got rid of.
async fn gigabyte(head: &'static str, chunk: &'static [u8]) -> (Receiver, Arc<AtomicU64>) {
    let sent = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&sent);
    let receiver = Receiver::start(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await?;
            stream.write_all(head.as_bytes()).await?;
            while count.load(Ordering::Relaxed) < 1_000_000_000 {
                stream.write_all(chunk).await?;
                count.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            }
            Ok(())
        }
    })
    .await;
    (receiver, sent)
}

#[tokio::test]
async fn a_body_of_a_gigabyte() {
    let plain: &[u8] = vec![b'x'; 65_536].leak();
    let chunk: &[u8] = format!("400\r\n{}\r\n", "_".repeat(0x400))
        .leak()
        .as_bytes();
    for (head, chunk) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n",
            plain,
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            chunk,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", plain),
    ] {
        let (receiver, sent) = gigabyte(head, chunk).await;
        let answer = one(&receiver).await;
        assert_eq!(answer.result, Ok(200));
        assert_eq!(answer.response_excerpt.len(), 1024);
        assert_eq!(
            answer.detail.as_deref(),
            Some("the answer's body was cut off")
        );
        // The sockets' buffers, and not the gigabyte.
        assert!(sent.load(Ordering::Relaxed) < 100_000_000);
    }
}

#[tokio::test]
async fn an_error_with_a_gigabyte_keeps_its_status() {
    let plain: &[u8] = vec![b'x'; 65_536].leak();
    let (receiver, _) = gigabyte("HTTP/1.1 503 Busy\r\nretry-after: 7\r\n\r\n", plain).await;
    let answer = one(&receiver).await;
    assert_eq!(answer.result, Ok(503));
    assert_eq!(answer.retry_after, Some(RetryAfter::Seconds(7)));
}

#[tokio::test]
async fn a_head_of_one_byte_a_moment() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        for byte in b"HTTP/1.1 200 OK\r\nx: "
            .iter()
            .chain([b'y'].iter().cycle())
        {
            stream.write_all(&[*byte]).await?;
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    })
    .await;
    let answer = one(&receiver).await;
    assert_eq!(answer.result, Err(Reason::Timeout));
    assert!(answer.duration >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_body_of_one_byte_a_second() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        stream
            .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 3600\r\n\r\n")
            .await?;
        loop {
            stream.write_all(b"z").await?;
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await;
    // With time to spare the body gets one second of it.
    for call in [short(receiver.url()), call(receiver.url())] {
        let answer = timeout(HANG, answer(&caller(), call)).await.unwrap();
        assert_eq!(answer.result, Ok(202));
        assert_eq!(answer.detail.as_deref(), Some("the answer's body stalled"));
        assert!(answer.response_excerpt.starts_with('z'));
    }
}

#[tokio::test]
async fn a_head_without_end() {
    for line in [
        &b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"[..],
        &[b'y'; 4096][..],
    ] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await?;
            stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await?;
            loop {
                stream.write_all(line).await?;
            }
        })
        .await;
        assert_eq!(one(&receiver).await.result, Err(Reason::InvalidResponse));
    }
}

#[tokio::test]
async fn interim_answers_without_end() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        loop {
            stream
                .write_all(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
                .await?;
        }
    })
    .await;
    assert_eq!(one(&receiver).await.result, Err(Reason::Timeout));
}

#[tokio::test]
async fn no_answer_at_all() {
    let silent = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        pending().await
    })
    .await;
    assert_eq!(one(&silent).await.result, Err(Reason::Timeout));
    // Connected by the kernel, never accepted.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = answer(&caller(), short(url)).await;
    assert_eq!(answer.result, Err(Reason::Timeout));
}

#[tokio::test]
async fn the_connection_ends_before_the_head() {
    for head in ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nx: y\r\n"] {
        for rudely in [false, true] {
            let receiver = Receiver::start(move |mut stream| async move {
                read_request(&mut stream).await?;
                stream.write_all(head.as_bytes()).await?;
                if rudely {
                    reset(stream);
                }
                Ok(())
            })
            .await;
            let answer = one(&receiver).await;
            assert_eq!(
                answer.result,
                Err(Reason::ConnectionClosed),
                "{head:?} {rudely}"
            );
            assert_eq!(receiver.accepted(), 1, "a second call");
        }
    }
    let unread = Receiver::start(|stream| async move {
        reset(stream);
        Ok(())
    })
    .await;
    assert_eq!(one(&unread).await.result, Err(Reason::ConnectionClosed));
}

#[tokio::test]
async fn the_connection_ends_within_the_body() {
    for (status, rudely) in [(200, false), (200, true), (500, false), (500, true)] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await?;
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 100\r\n\r\nhalf");
            stream.write_all(answer.as_bytes()).await?;
            if rudely {
                // The reset would overtake the answer.
                sleep(Duration::from_millis(300)).await;
                reset(stream);
            }
            Ok(())
        })
        .await;
        let answer = one(&receiver).await;
        assert_eq!(answer.result, Ok(status));
        let note = "the connection broke within the answer's body";
        assert_eq!(answer.detail.as_deref(), Some(note));
        assert_eq!(answer.response_excerpt, "half");
    }
}

#[tokio::test]
async fn odd_but_valid_answers() {
    for (head, status) in [
        ("HTTP/1.0 204 No Content\r\n\r\n", 204),
        ("HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", 200),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n",
            201,
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            101,
        ),
        ("HTTP/1.1 799 Odd\r\ncontent-length: 0\r\n\r\n", 799),
    ] {
        let answer = one(&Receiver::answering(head).await).await;
        assert_eq!(answer.result, Ok(status), "{head:?}");
    }
}

#[tokio::test]
async fn an_excerpt_is_text_whatever_was_sent() {
    let head = b"HTTP/1.1 500 X\r\ncontent-encoding: gzip\r\ncontent-length: 5000\r\n\r\n";
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(&[0xff; 5000]);
    let answer = one(&Receiver::answering(bytes).await).await;
    assert_eq!(answer.result, Ok(500));
    assert!(answer.response_excerpt.len() <= 1024);
    assert!(
        answer
            .response_excerpt
            .chars()
            .all(|char| char == '\u{fffd}')
    );
}

/// A resolver that never answers.
struct Silent;

impl Lookup for Silent {
    fn lookup(&self, _: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(pending())
    }
}

#[tokio::test]
async fn the_deadline_covers_the_resolver() {
    let caller = WebhookCaller::new(config(Arc::new(Silent), &[])).unwrap();
    let answer = timeout(HANG, answer(&caller, short("http://receiver.test/")));
    assert_eq!(answer.await.unwrap().result, Err(Reason::Timeout));
}

#[tokio::test]
async fn names_without_an_address() {
    let lookups: [(Arc<dyn Lookup>, &str); 3] = [
        (Arc::new(Names::default()), "the host name is not known"),
        (Names::answering(&[&[]]), "the host name has no address"),
        (Arc::new(Silent), "the resolver did not answer in time"),
    ];
    for (lookup, detail) in lookups {
        let mut config = config(lookup, &[]);
        config.connect_timeout = Duration::from_millis(500);
        let caller = WebhookCaller::new(config).unwrap();
        let answer = answer(&caller, call("http://receiver.test/")).await;
        assert_eq!(answer.result, Err(Reason::Dns));
        assert_eq!(answer.detail.as_deref(), Some(detail));
    }
}

#[tokio::test]
async fn retry_after_is_handed_on() {
    let date = "Fri, 31 Dec 2027 23:59:59 GMT";
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_830_297_599);
    for (headers, expected) in [
        ("retry-after: 120", Some(RetryAfter::Seconds(120))),
        ("Retry-After : 1.5", Some(RetryAfter::Seconds(2))),
        ("Retry-After:\r\n 120", Some(RetryAfter::Seconds(120))),
        (
            "retry-after: Fri, 31 Dec 2027 23:59:59 GMT",
            Some(RetryAfter::Date(Timestamp::from(at))),
        ),
        // An hour behind: only its own clock tells that it means half a minute.
        (
            "date: Fri, 31 Dec 1999 23:59:29 GMT\r\nretry-after: Fri, 31 Dec 1999 23:59:59 GMT",
            Some(RetryAfter::Seconds(30)),
        ),
        (
            "date: now\r\nretry-after: Fri, 31 Dec 2027 23:59:59 GMT",
            Some(RetryAfter::parse(date).unwrap()),
        ),
        ("retry-after: soon", None),
        ("retry-after: -5", None),
        ("retry-after: \u{e9}", None),
    ] {
        let head = format!("HTTP/1.1 429 X\r\n{headers}\r\ncontent-length: 0\r\n\r\n");
        let answer = one(&Receiver::answering(head).await).await;
        assert_eq!(
            (answer.result, answer.retry_after),
            (Ok(429), expected),
            "{headers}"
        );
    }
}

#[tokio::test]
async fn where_a_redirect_leads_is_told_without_its_query() {
    for (status, headers, detail) in [
        (
            307,
            "location: /hook/?token=planted",
            Some("redirects to http://HOST/hook/"),
        ),
        (
            301,
            "location: https://other.example/x",
            Some("redirects to https://other.example/x"),
        ),
        (302, "location:", Some("redirects to http://HOST/hook")),
        (304, "x: y", None),
        (201, "location: /hooks/1", None),
    ] {
        let head = format!("HTTP/1.1 {status} X\r\n{headers}\r\ncontent-length: 0\r\n\r\n");
        let receiver = Receiver::answering(head).await;
        let answer = one(&receiver).await;
        let expected = detail.map(|detail| detail.replace("HOST", &receiver.address.to_string()));
        assert_eq!((answer.result, answer.detail), (Ok(status), expected));
    }
    let broken = "HTTP/1.1 308 X\r\nlocation: http://[::1]/\r\ncontent-length: 9\r\n\r\nhalf";
    let answer = one(&Receiver::answering(broken).await).await;
    let both = "redirects to http://[::1]/; the connection broke within the answer's body";
    assert_eq!(answer.detail.as_deref(), Some(both));
}

/// Its segment of 16 characters or more gives a URL its rights, also where it is sent back.
#[tokio::test]
async fn a_redirect_does_not_tell_the_secret_in_the_stages_url() {
    let head =
        "HTTP/1.1 308 X\r\nlocation: /services/T00000000planted/\r\ncontent-length: 0\r\n\r\n";
    let receiver = Receiver::answering(head).await;
    let url = format!("http://{}/services/T00000000planted", receiver.address);
    let answer = answer(&caller(), call(url)).await;
    let detail = format!(
        "redirects to http://{}/services/[redacted]/",
        receiver.address
    );
    assert_eq!(answer.detail, Some(detail));
}
