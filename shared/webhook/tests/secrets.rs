//! No secret comes out of a call again: not in an answer, an error or a debug print.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use delivery::ports::{Call, Caller};
use delivery::{Document, Reason};
use support::{Ends, Names, Reader, Receiver, answer, call, caller, config, read_request, short};
use tokio::io::AsyncWriteExt;
use webhook::{CallerConfig, Redactor, WebhookCaller};
use workflow::{Header, StageSecrets};

const PASSWORD: &str = "planted-password-4711";
const HEADER: &str = "planted-header-0815";
const CLIENT: &str = "planted-client-secret-1";
const KEY: &str = "whsk_cGxhbnRlZC1wcml2YXRlLWtleS1vZi0zMi1ieXRlcyE=";
const PEM: &str = "plantedMIGHAgEAMBMGByqGSM49AgEGCCqGSM49";
const SIGNING: &str = "whsec_cGxhbnRlZC1zaWduaW5nLXNlY3JldC00NzEx";

fn secrets() -> StageSecrets {
    let basic = STANDARD.encode(format!("planted-user:{PASSWORD}"));
    StageSecrets {
        authorization: Some(format!("Basic {basic}").into()),
        signing_secrets: vec![SIGNING.into(), KEY.into()],
        headers: [("x-key".to_owned(), HEADER.into())].into_iter().collect(),
        client_secret: Some(CLIENT.into()),
        client_certificate: None,
        client_key: Some(format!("-----BEGIN PRIVATE KEY-----\n{PEM}\n").into()),
    }
}

fn headers() -> Vec<Header> {
    vec![Header {
        name: "x-key".to_owned(),
        value: None,
    }]
}

/// Everything that must not be seen anywhere.
fn planted() -> Vec<String> {
    let basic = STANDARD.encode(format!("planted-user:{PASSWORD}"));
    vec![
        format!("Basic {basic}"),
        basic,
        PASSWORD.to_owned(),
        SIGNING.to_owned(),
        SIGNING[6..].to_owned(),
        KEY.to_owned(),
        KEY[5..].to_owned(),
        HEADER.to_owned(),
        CLIENT.to_owned(),
        PEM.to_owned(),
        "planted".to_owned(),
    ]
}

fn assert_clean(text: &str) {
    for secret in planted() {
        assert!(!text.contains(&secret), "{secret} in {text}");
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut next = error.source();
    while let Some(source) = next {
        write!(text, " {source} {source:?}").unwrap();
        next = source.source();
    }
    text
}

/// Echoes the request's head and the secrets in every form, `times` over, and cuts off at `length`.
async fn echo(status: u16, pad: usize, length: usize) -> Receiver {
    Receiver::start(move |mut stream| async move {
        let request = read_request(&mut stream).await?;
        let mut text = "x".repeat(pad);
        for secret in &planted()[..10] {
            write!(text, " {secret} {{\"{secret}\"}}").unwrap();
        }
        for name in ["authorization", "x-key"] {
            write!(text, "{}", request.headers[name]).unwrap();
        }
        text.truncate(length);
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n",
            text.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(text.as_bytes()).await
    })
    .await
}

#[tokio::test]
async fn an_echo_is_redacted_wherever_it_is_cut() {
    let whole = echo(500, 0, 10_000).await;
    let mut plain = Call {
        secrets: secrets(),
        ..call(whole.url())
    };
    plain.config.headers = headers();
    let answer = answer(&caller(), plain).await;
    assert_eq!(answer.result, Ok(500));
    assert!(answer.response_excerpt.contains("[redacted]"));
    assert_clean(&format!("{answer:?}"));
    for length in (1..200).chain(4000..4200) {
        let receiver = echo(500, if length < 200 { 0 } else { 3990 }, length).await;
        let mut call = Call {
            secrets: secrets(),
            ..call(receiver.url())
        };
        call.config.headers = headers();
        let answer = support::answer(&caller(), call).await;
        assert_clean(&format!("{answer:?}"));
        let excerpt = answer.response_excerpt;
        for secret in &planted()[..10] {
            assert!(!excerpt.ends_with(&secret[..4]), "{length}: {excerpt}");
        }
    }
}

#[tokio::test]
async fn no_failure_shows_a_secret_or_the_url() {
    let closing = Receiver::answering("").await;
    let garbage = Receiver::answering("planted garbage\r\n\r\n").await;
    let path = "planted-path?planted=planted";
    let urls = [
        format!("{}/{path}", closing.url()),
        format!("{}/{path}", garbage.url()),
        format!("http://10.0.0.1/{path}"),
        format!("http://127.0.0.1:1/{path}"),
        format!("http://receiver.test/{path}"),
        format!("http://planted-user:{PASSWORD}@example.com/{path}"),
        "planted".to_owned(),
    ];
    let caller = caller();
    assert_clean(&format!("{caller:?}"));
    for url in urls {
        let call = Call {
            secrets: secrets(),
            ..short(url)
        };
        let answer = answer(&caller, call).await;
        assert!(answer.result.is_err());
        assert_clean(&format!("{answer:?}"));
    }
}

#[tokio::test]
async fn no_error_of_ours_shows_a_secret() {
    let (receiver, _) = Receiver::keeping().await;
    let call = Call {
        secrets: secrets(),
        document: Document::Large(Reader {
            parts: vec![(Bytes::from_static(b"{\"planted\":1"), 1)],
            ends: Ends::Failing,
            ..Reader::default()
        }),
        ..short(format!("{}/planted", receiver.url()))
    };
    assert_clean(&chain(&caller().call(call).await.unwrap_err()));
    let config = CallerConfig {
        user_agent: "planted\n".to_owned(),
        ..config(Arc::new(Names::default()), &[])
    };
    assert_clean(&chain(&WebhookCaller::new(config).unwrap_err()));
    assert_clean(&format!(
        "{:?} {:?}",
        Redactor::new(&secrets(), "https://h/?token=planted"),
        secrets()
    ));
}

#[tokio::test]
async fn secrets_that_cannot_be_sent_end_the_call_unseen() {
    let (receiver, _) = Receiver::keeping().await;
    for (authorization, signing) in [
        (Some("planted\r\nx: y"), "whsec_AAAA"),
        (None, "whsec_planted!"),
        (None, "planted"),
    ] {
        let call = Call {
            secrets: StageSecrets {
                authorization: authorization.map(Into::into),
                signing_secrets: vec![signing.into()],
                ..StageSecrets::default()
            },
            ..short(receiver.url())
        };
        let answer = answer(&caller(), call).await;
        assert_eq!(answer.result, Err(Reason::SecretMissing));
        assert!(answer.detail.is_some());
        assert_clean(&format!("{answer:?}"));
    }
    assert_eq!(receiver.accepted(), 0);
}
