//! What one call allocates. Counted, not timed, so that no machine is too slow for it: a limit that is reached
//! means that something on the way of every call copies or allocates more than before.
//!
//! Only the thread that calls is counted; the receivers are threads of their own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use delivery::Document;
use delivery::ports::Call;
use support::{Reader, answer, call, caller};
use tokio::runtime::{Builder, Runtime};
use webhook::WebhookCaller;
use workflow::{StageSecrets, WebhookConfig};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// How many calls the figures are taken from.
const CALLS: u64 = 20;

/// An ordinary answer.
const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
    date: Fri, 27 Nov 2026 22:10:00 GMT\r\ncontent-length: 2\r\n\r\nok";

/// Starts a receiver that reads each request whole, and then has it answered.
fn receiver(answer: impl Fn(&mut TcpStream) + Send + Copy + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                while read_request(&mut stream).is_some() {
                    answer(&mut stream);
                }
            });
        }
    });
    url
}

/// None when the caller has closed the connection.
fn read_request(stream: &mut TcpStream) -> Option<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut more = || {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        Some(String::from_utf8_lossy(&buffer[..read]).into_owned())
    };
    let mut read = more()?;
    while !read.contains("\r\n\r\n") {
        read.push_str(&more()?);
    }
    let (head, body) = read.split_once("\r\n\r\n")?;
    let length = head
        .split("content-length: ")
        .nth(1)?
        .split("\r\n")
        .next()?;
    let length: usize = length.parse().ok()?;
    let mut got = body.len();
    while got < length {
        got += more()?.len();
    }
    Some(())
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A document of about this many bytes.
fn document(size: u64) -> Bytes {
    let text = "x".repeat(usize::try_from(size).unwrap() - 60);
    let json = format!(r#"{{"version": "2.0", "item": {{"name": "{text}"}}, "annotations": []}}"#);
    json.into()
}

fn made(url: &str, document: Document<Reader>) -> Call<Reader> {
    Call {
        document,
        config: WebhookConfig::new(url),
        secrets: StageSecrets {
            authorization: Some("Bearer abcdefgh".into()),
            signing_secrets: vec!["whsec_bWVtb3J5LXNpZ25pbmctc2VjcmV0LTI0".into()],
            ..StageSecrets::default()
        },
        ..call("")
    }
}

/// What a call allocates on average, once the connection is open.
fn each(runtime: &Runtime, caller: &WebhookCaller, url: &str, body: &Bytes) -> AllocationInfo {
    let one = || {
        let call = made(url, Document::Bytes(body.clone()));
        let mut result = None;
        let counted = measure(|| result = Some(runtime.block_on(answer(caller, call))));
        assert_eq!(result.unwrap().result, Ok(200));
        counted
    };
    for _ in 0..5 {
        one();
    }
    let mut sum = AllocationInfo::default();
    for _ in 0..CALLS {
        sum += one();
    }
    sum.count_total /= CALLS;
    sum.bytes_total /= CALLS;
    sum
}

#[test]
fn a_small_call_allocates_little() {
    let url = receiver(|stream| stream.write_all(ANSWER.as_bytes()).unwrap());
    let counted = each(&runtime(), &caller(), &url, &document(2 * KIB));
    let (count, bytes) = (counted.count_total, counted.bytes_total);
    println!("{count} allocations of {bytes} bytes in all");
    assert!(count <= 90, "{count} allocations a call");
    assert!(bytes <= 104 * KIB, "{bytes} bytes a call");
}

#[test]
fn a_body_is_copied_at_most_once() {
    let url = receiver(|stream| stream.write_all(ANSWER.as_bytes()).unwrap());
    let (runtime, caller) = (runtime(), caller());
    for size in [100 * KIB, MIB] {
        let bytes = each(&runtime, &caller, &url, &document(size)).bytes_total;
        println!("{bytes} bytes for a body of {size}");
        assert!(
            bytes <= size + 104 * KIB,
            "{bytes} bytes for a body of {size}"
        );
    }
}

/// The most bytes that are in use at once during a call.
fn peak(url: &str, document: Document<Reader>) -> u64 {
    let (runtime, caller) = (runtime(), caller());
    let call = made(url, document);
    let counted = measure(|| {
        assert_eq!(runtime.block_on(answer(&caller, call)).result, Ok(200));
    });
    counted.bytes_max
}

#[test]
fn a_large_document_is_not_held_in_memory() {
    let url = receiver(|stream| stream.write_all(ANSWER.as_bytes()).unwrap());
    let part = Bytes::from(b",12345678901".repeat(5_000));
    let reader = Reader {
        parts: vec![
            (Bytes::from_static(b"{\"item\":[0"), 1),
            (part, 1_200),
            (Bytes::from_static(b"]}"), 1),
        ],
        ..Reader::default()
    };
    let peak = peak(&url, Document::Large(reader));
    assert!(peak <= 8 * MIB, "{peak} bytes for a document of 72 MB");
}

#[test]
fn a_large_answer_is_not_held_in_memory() {
    let url = receiver(|stream| {
        let length = 64 * MIB;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let part = [b'x'; 64 * 1024];
        // Until the caller, who has read enough, closes the connection.
        while stream.write_all(&part).is_ok() {}
    });
    let peak = peak(&url, Document::Bytes(document(KIB)));
    assert!(peak <= 8 * MIB, "{peak} bytes for an answer of 64 MiB");
}
