//! Heads of answers: a status that can be read counts, however sloppy what follows it.

use std::sync::LazyLock;

use delivery::{Answer, Reason};
use proptest::prelude::*;
use tokio::runtime::Runtime;
use webhook::WebhookCaller;

use crate::support::{Receiver, answer, caller, short};

/// Setting up a caller takes longer than a call.
static CALLER: LazyLock<WebhookCaller> = LazyLock::new(caller);

async fn answer_to(bytes: Vec<u8>) -> Answer {
    let receiver = Receiver::answering(bytes).await;
    answer(&*CALLER, short(receiver.url())).await
}

fn blocking(bytes: Vec<u8>) -> Answer {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    RUNTIME.block_on(answer_to(bytes))
}

const LENGTH: &[u8] = b"content-length: 2\r\n";

/// An answer of 200 with these lines in its head.
fn with(lines: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\n", lines, LENGTH, b"\r\nok"].concat()
}

async fn taken(what: &str, answer: Vec<u8>) {
    let answer = answer_to(answer).await;
    assert_eq!(answer.result, Ok(200), "{what}: {:?}", answer.detail);
    assert_eq!(answer.response_excerpt, "ok", "{what}");
}

#[tokio::test]
async fn blanks_before_the_colon() {
    taken("a space", with(b"X-Frame-Options : DENY\r\n")).await;
    taken("a tab", with(b"X-Frame-Options\t: DENY\r\n")).await;
    taken("many", with(b"X-Frame-Options \t \t : DENY\r\n")).await;
    let length = b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok and more";
    taken("of the length", length.to_vec()).await;
}

#[tokio::test]
async fn folded_lines() {
    taken("with a space", with(b"X-A: a\r\n b\r\n")).await;
    taken("with a tab", with(b"X-A: a\r\n\tb\r\n\tc\r\n")).await;
    taken("before anything", with(b"X-A:\r\n a\r\n")).await;
    taken("nothing but folds", with(b"X-A:\r\n \r\n \r\n")).await;
    taken("with line feeds only", with(b"X-A: a\n b\n")).await;
    taken("of no header", with(b" a\r\n b\r\n")).await;
    taken("of a line without a colon", with(b"nonsense\r\n b: c\r\n")).await;
}

#[tokio::test]
async fn lines_that_are_no_headers() {
    taken("no colon", with(b"Warning: x\r\nconnect failed\r\n")).await;
    taken("a space in the name", with(b"X My Header: a\r\n")).await;
    taken("no name", with(b": a\r\n")).await;
    taken("no ASCII in the name", with("X-Größe: a\r\n".as_bytes())).await;
    taken("brackets in the name", with(b"X[0]: a\r\n")).await;
    taken("a control character in the name", with(b"X\x01Y: a\r\n")).await;
    taken(
        "markup",
        with(b"<b>Notice</b>: x in /var/www/y.php on line 3\r\n"),
    )
    .await;
    taken("another status line", with(b"HTTP/1.1 200 OK\r\n")).await;
}

#[tokio::test]
async fn values_that_are_no_text() {
    taken("Latin-1", with(b"X-Name: caf\xe9 \xff\r\n")).await;
    taken("UTF-8", with("X-Name: 写真 🙂\r\n".as_bytes())).await;
    for control in (1..32)
        .chain([127])
        .filter(|byte| ![b'\t', b'\n', b'\r'].contains(byte))
    {
        let name = format!("control character {control}");
        taken(
            &name,
            with(&[b"X-Name: a", &[control][..], b"b\r\n"].concat()),
        )
        .await;
        taken(
            &name,
            with(&[b"X-Name: ", &[control][..], b"\r\n"].concat()),
        )
        .await;
    }
}

#[tokio::test]
async fn odd_first_lines() {
    for line in [
        &b"HTTP/1.1 200\r\n"[..],
        b"HTTP/1.1 200 \r\n",
        b"HTTP/1.1 200 OK\n",
        b"HTTP/1.1 200 cr\xe9\xe9\r\n",
        b"HTTP/1.1 200  two  blanks \r\n",
        b"HTTP/1.0 200 OK\r\n",
        b"\r\n\r\nHTTP/1.1 200 OK\r\n",
    ] {
        taken(&format!("{line:?}"), [line, LENGTH, b"\r\nok"].concat()).await;
    }
}

#[tokio::test]
async fn hundreds_of_headers_and_long_ones() {
    for count in [100, 101, 150, 300, 999] {
        let lines: String = (0..count).map(|n| format!("x-{n}: y\r\n")).collect();
        taken(&format!("{count} headers"), with(lines.as_bytes())).await;
        let lines = "set-cookie: a=b\r\n".repeat(count);
        taken(&format!("{count} times one"), with(lines.as_bytes())).await;
    }
    for length in [9_000, 70_000, 390_000] {
        let line = format!("x: {}\r\n", "y".repeat(length));
        taken(&format!("a value of {length}"), with(line.as_bytes())).await;
    }
    let name = format!("{}: y\r\n", "x".repeat(60_000));
    taken("a long name", with(name.as_bytes())).await;
}

/// What cannot be read is told as it is. RFC 9112 has a client refuse a lone carriage return (2.2) and
/// contradictory lengths (6.3), RFC 9110 a zero byte (5.5): intermediaries read them in different ways.
#[tokio::test]
async fn heads_that_cannot_be_read() {
    let begins = "the answer does not begin with HTTP/1.0 or HTTP/1.1";
    let status =
        "the answer's first line has no status of three digits, or a control character behind it";
    let line = "the answer's head has a carriage return without a line feed in it, or a zero byte";
    let large = "the answer's head is too large: more than 400 KiB or 1,000 lines";
    let length =
        "the answer's Content-Length is not a number, or is given twice with different numbers";
    let encoding = "the answer has a Transfer-Encoding, which HTTP/1.0 does not allow";
    let ok = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
    for (answer, detail) in [
        ("SSH-2.0-OpenSSH_9.9\r\n".to_owned(), begins),
        ("<html>hello</html>\r\n\r\n".to_owned(), begins),
        ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n".to_owned(), begins),
        (
            "\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03\r\n\r\n".to_owned(),
            begins,
        ),
        ("HTTP/9.9 200 OK\r\n\r\n".to_owned(), begins),
        ("HTTP/2 200 OK\r\n\r\n".to_owned(), begins),
        ("ICY 200 OK\r\n\r\n".to_owned(), begins),
        ("http/1.1 200 OK\r\n\r\n".to_owned(), begins),
        ("HTTP/1.1 20 OK\r\n\r\n".to_owned(), status),
        ("HTTP/1.1 abc OK\r\n\r\n".to_owned(), status),
        ("HTTP/1.1 2000\r\n\r\n".to_owned(), status),
        ("HTTP/1.1 200 O\x01K\r\n\r\n".to_owned(), status),
        (ok("x: a\rb"), line),
        (ok("x: a\0b"), line),
        (ok("no colon\rb"), line),
        (ok("no colon\0b"), line),
        (ok("content-length: many"), length),
        (ok("content-length: -1"), length),
        (ok("content-length: 1\r\ncontent-length: 2"), length),
        (
            "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
            encoding,
        ),
        (ok(&"x: y\r\n".repeat(4001)), large),
        (ok(&format!("x: {}", "y".repeat(900_000))), large),
        (ok(&format!("{}: y", "x".repeat(70_000))), large),
    ] {
        let beginning: String = answer.chars().take(60).collect();
        let answer = answer_to(answer.into_bytes()).await;
        let told = (answer.result, answer.detail.as_deref());
        let expected = (Err(Reason::InvalidResponse), Some(detail));
        assert_eq!(told, expected, "{beginning:?}");
    }
}

/// A line of a head: anything but what ends a line and what no client may read.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        Just(b' '),
        Just(b'\t'),
        Just(b':'),
        any::<u8>().prop_filter("one line", |byte| ![0, b'\r', b'\n'].contains(byte)),
    ];
    let end = prop_oneof![Just(&b"\r\n"[..]), Just(&b"\n"[..])];
    (prop::collection::vec(byte, 1..40), end).prop_map(|(line, end)| [&line[..], end].concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn a_status_counts_whatever_follows_it(
        status in 200_u16..300,
        lines in prop::collection::vec(line(), 0..40),
    ) {
        let head = [format!("HTTP/1.1 {status} X\r\n").into_bytes(), lines.concat(), b"\r\n".to_vec()].concat();
        let answer = blocking(head);
        prop_assert_eq!(answer.result, Ok(status), "{:?}", answer.detail);
    }

    /// No bytes at all bring anything but an answer or a reason, with words of its own.
    #[test]
    fn any_bytes_are_an_answer_or_a_reason(
        start in prop_oneof![Just(""), Just("HTTP/1.1 "), Just("HTTP/1.1 200 "), Just("HTTP/1.1 200 OK\r\n")],
        rest in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), any::<u8>()], 0..80),
    ) {
        let bytes = [start.as_bytes(), &rest, b"\r\n\r\n"].concat();
        let answer = blocking(bytes);
        match answer.result {
            Err(Reason::InvalidResponse) => {
                prop_assert_ne!(answer.detail.as_deref(), Some("the answer's head cannot be read"));
                prop_assert!(answer.detail.is_some());
            }
            Err(reason) => prop_assert_eq!(reason, Reason::ConnectionClosed),
            Ok(_) => {}
        }
    }
}
