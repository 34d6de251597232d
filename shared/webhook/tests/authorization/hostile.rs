//! An authorization server that is down, slow, wrong or hostile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use delivery::{Answer, Reason};
use futures_util::future::pending;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio::io::AsyncWriteExt;
use webhook::WebhookCaller;

use crate::server::{AuthorizationServer, http, with_token};
use crate::support::{Names, Receiver, answer, caller, config, read_request};

async fn failed(token_url: &str) -> Answer {
    let (receiver, _) = Receiver::keeping().await;
    let answer = answer(&caller(), with_token(token_url, &receiver.url())).await;
    assert_eq!(receiver.accepted(), 0, "{answer:?}");
    let shown = format!("{answer:?}");
    let basic = STANDARD.encode("the+client%3A1:planted+client%25secret");
    assert!(
        !shown.contains("planted") && !shown.contains(&basic),
        "{shown}"
    );
    answer
}

#[tokio::test]
async fn what_it_answers_is_told_apart() {
    let server = AuthorizationServer::start().await;
    for (given, told) in [
        (
            http(
                "401 Unauthorized",
                r#"{"error":"invalid_client","error_description":"planted"}"#,
            ),
            "answered 401 (invalid_client)",
        ),
        (
            http("400 Bad", r#"{"error":"invalid_scope"}"#),
            "answered 400 (invalid_scope)",
        ),
        (
            http("400 Bad", r#"{"error":"access_denied"}"#),
            "answered 400 (access_denied)",
        ),
        // It can write there what it has been sent.
        (
            http("400 Bad", r#"{"error":"planted client%secret"}"#),
            "answered 400",
        ),
        (http("500 Oops", "planted"), "answered 500"),
        (http("503 Busy", ""), "answered 503"),
        (http("204 No Content", ""), "answered 204"),
        (
            http("200 OK", "planted"),
            "answered 200 without a token in JSON (RFC 6749, 5.1)",
        ),
        (
            http("200 OK", ""),
            "answered 200 without a token in JSON (RFC 6749, 5.1)",
        ),
        (
            http("200 OK", r#"{"error":"invalid_client"}"#),
            "answered 200 without a token in JSON (RFC 6749, 5.1)",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 2\r\n\r\n{}".to_vec(),
            "answered 200 without a token in JSON (RFC 6749, 5.1)",
        ),
        (
            http("200 OK", r#"{"access_token":"planted","token_type":"mac"}"#),
            "gave a token that is not a Bearer token",
        ),
        (
            http(
                "200 OK",
                r#"{"access_token":"planted\r\nx: y","token_type":"bearer"}"#,
            ),
            "gave a token that cannot be sent in a header",
        ),
        (
            http("200 OK", r#"{"access_token":"","token_type":"bearer"}"#),
            "gave a token that cannot be sent in a header",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(),
            "gave no token: the answer broke off",
        ),
        (Vec::new(), "was not reached (connection_closed)"),
    ] {
        server.answers(given);
        let answer = failed(&server.url()).await;
        assert_eq!(answer.result, Err(Reason::AuthorizationFailed), "{told}");
        assert_eq!(
            answer.detail,
            Some(format!("the authorization server {told}"))
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = AuthorizationServer::start().await;
    let server = AuthorizationServer::start().await;
    for status in ["307 Temporary", "302 Found"] {
        let to = elsewhere.url();
        server.answers(format!(
            "HTTP/1.1 {status}\r\nlocation: {to}?planted\r\ncontent-length: 0\r\n\r\n"
        ));
        let answer = failed(&server.url()).await;
        assert_eq!(answer.result, Err(Reason::AuthorizationFailed));
        assert!(answer.detail.unwrap().contains("redirect"));
    }
    assert_eq!(elsewhere.count(), 0);
}

#[tokio::test]
async fn where_calls_may_not_go_no_token_is_asked_for() {
    for (url, reason) in [
        ("http://169.254.169.254/planted", Reason::ForbiddenAddress),
        ("http://10.0.0.1/planted", Reason::ForbiddenAddress),
        ("http://2130706434:1/planted", Reason::AuthorizationFailed),
        ("ftp://example.com/planted", Reason::InvalidUrl),
        ("https://planted:planted@example.com/", Reason::InvalidUrl),
    ] {
        let answer = failed(url).await;
        assert_eq!(answer.result, Err(reason), "{url}");
        assert!(
            answer
                .detail
                .unwrap()
                .starts_with("the authorization server")
        );
    }
    // By its name; the receiver is an address that may be called.
    let names = Names::answering(&[&["10.0.0.7"]]);
    let caller = WebhookCaller::new(config(names, &["127.0.0.0/8"])).unwrap();
    let (receiver, _) = Receiver::keeping().await;
    let call = with_token("https://login.test/token", &receiver.url());
    let answer = answer(&caller, call).await;
    assert_eq!(answer.result, Err(Reason::ForbiddenAddress), "{answer:?}");
    let told = "the authorization server: 10.0.0.7 may not be called: a private network";
    assert!(answer.detail.unwrap().starts_with(&told[..50]));
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn down() {
    let caller = WebhookCaller::new(config(Arc::new(Names::default()), &["127.0.0.0/8"])).unwrap();
    for url in ["http://127.0.0.1:1/planted", "http://unknown.test/planted"] {
        let answer = answer(&caller, with_token(url, "http://127.0.0.1:1/")).await;
        assert_eq!(answer.result, Err(Reason::AuthorizationFailed));
        let detail = answer.detail.unwrap();
        assert!(
            detail.starts_with("the authorization server was not reached ("),
            "{detail}"
        );
        assert!(!detail.contains("planted"));
    }
}

#[tokio::test]
async fn slow() {
    let silent = Receiver::start(|stream| async move {
        let _held = stream;
        pending().await
    })
    .await;
    let dripping = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(b" ").await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    for server in [silent, dripping] {
        let mut call = with_token(&server.url(), "http://127.0.0.1:1/");
        call.timeout = Duration::from_millis(600);
        let started = Instant::now();
        let answer = answer(&caller(), call).await;
        assert_eq!(answer.result, Err(Reason::AuthorizationFailed));
        assert!(answer.detail.unwrap().contains("within the call's timeout"));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_huge_answer_is_not_read() {
    let server = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
        loop {
            stream.write_all(&[b' '; 64 * 1024]).await?;
        }
    })
    .await;
    let answer = failed(&server.url()).await;
    let told = "the authorization server gave no token: the answer is too large";
    assert_eq!(answer.detail.as_deref(), Some(told));
}

/// Whatever comes back, the call ends, and nothing of it is told.
#[test]
fn any_answer() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(AuthorizationServer::start());
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "\\{(\"(access_token|token_type|expires_in|error)\":(\"planted[\\x00-\\x7f]{0,9}\"|-?[0-9]{1,25}|null|\\{\\}),?){0,4}\\}"
            .prop_map(String::into_bytes),
    ];
    let mut runner = TestRunner::new(ProptestConfig::with_cases(96));
    runner
        .run(&(200_u16..600, body), |(status, body)| {
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            let mut raw = head.into_bytes();
            raw.extend_from_slice(&body);
            server.answers(raw);
            let call = with_token(&server.url(), "http://127.0.0.1:1/");
            let answer = runtime.block_on(answer(&caller(), call));
            prop_assert!(answer.result.is_err());
            let shown = format!("{answer:?}");
            prop_assert!(!shown.contains("planted"), "{}", shown);
            Ok(())
        })
        .unwrap();
}
