//! The call to the letter: head and body as they come over the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod aws;
mod connections;
mod encodings;
mod keys;
mod presigned;
mod preview;
mod stages;
#[path = "../support/mod.rs"]
mod support;
mod templates;
mod told;

use std::path::Path;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use delivery::ports::{Call, Caller, PortErrorKind};
use delivery::{Document, Reason};
use http::HeaderMap;
use http::header::HeaderName;
use serde_json::{Map, Value};
use standardwebhooks::Webhook;
use support::{Ends, Reader, Receiver, Request, answer, call, caller, short};
use workflow::{StageSecrets, WebhookConfig};

const NEW: &str = "whsec_bmV3LXBsYW50ZWQtc2lnbmluZy1zZWNyZXQ=";
const OLD: &str = "whsec_b2xkLXBsYW50ZWQtc2lnbmluZy1zZWNyZXQ=";

fn signed() -> StageSecrets {
    StageSecrets {
        authorization: Some("Bearer abc".into()),
        signing_secrets: vec![NEW.into(), OLD.into()],
        ..StageSecrets::default()
    }
}

/// A stage with or without annotations.
fn whole(include_annotations: bool, url: impl Into<String>) -> WebhookConfig {
    WebhookConfig {
        include_annotations,
        ..WebhookConfig::new(url)
    }
}

/// Makes one call and gives back the request as the receiver has read it.
async fn received(call: Call<Reader>) -> Request {
    let (receiver, requests) = Receiver::keeping().await;
    let call = Call {
        config: WebhookConfig {
            url: receiver.url(),
            ..call.config
        },
        ..call
    };
    let answer = answer(&caller(), call).await;
    assert_eq!(answer.result, Ok(200), "{answer:?}");
    assert_eq!(answer.response_excerpt, "ok");
    assert_eq!(answer.detail, None);
    let request = requests.lock().unwrap().pop().unwrap();
    assert_eq!(answer.request_bytes, request.body.len() as u64);
    request
}

fn verify(request: &Request) {
    let mut headers = HeaderMap::new();
    for (name, value) in &request.headers {
        let name = HeaderName::try_from(name).unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    for secret in [NEW, OLD] {
        Webhook::new(secret)
            .unwrap()
            .verify(&request.body, &headers)
            .unwrap();
    }
    let wrong = Webhook::new("whsec_d3JvbmctcGxhbnRlZC1zaWduaW5nLXNlY3JldA==").unwrap();
    assert!(wrong.verify(&request.body, &headers).is_err());
}

#[tokio::test]
async fn the_head() {
    let request = received(Call {
        secrets: signed(),
        attempt: 3,
        ..call("")
    })
    .await;
    assert_eq!(request.line, "POST /hook HTTP/1.1");
    let mut names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
            "traceparent",
            "user-agent",
            "webhook-attempt",
            "webhook-id",
            "webhook-signature",
            "webhook-stage-id",
            "webhook-timestamp",
            "webhook-workflow-id",
        ]
    );
    for (name, value) in [
        ("authorization", "Bearer abc"),
        ("content-type", "application/json"),
        (
            "user-agent",
            concat!("webhook-stage/", env!("CARGO_PKG_VERSION")),
        ),
        (
            "traceparent",
            "00-0000000000000000000000000000de11-000000000000c1a1-01",
        ),
        ("webhook-attempt", "3"),
        ("webhook-id", "00000000-0000-0000-0000-00000000de11"),
        ("webhook-stage-id", "00000000-0000-0000-0000-0000000057a9"),
        (
            "webhook-workflow-id",
            "00000000-0000-0000-0000-000000000f10",
        ),
    ] {
        assert_eq!(request.headers[name], value, "{name}");
    }
    verify(&request);
    let bare = received(call("")).await;
    assert!(!bare.headers.contains_key("authorization"));
    assert!(!bare.headers.contains_key("webhook-signature"));
}

fn documents() -> Vec<Vec<u8>> {
    let mut documents = vec![
        b" {\"annotations\" : [ {\"n\":1.500} ] ,\n\t\"item\":{\"name\":\"\\u00e9\xc3\xa9\"}}\r\n"
            .to_vec(),
        b"{}".to_vec(),
    ];
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/darwin-json");
    // They lie beside the project while it is developed.
    for file in std::fs::read_dir(examples).into_iter().flatten() {
        let path = file.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            documents.push(std::fs::read(path).unwrap());
        }
    }
    documents
}

#[tokio::test]
async fn the_body_with_annotations_is_the_document() {
    for document in documents() {
        let request = received(Call {
            document: Document::Bytes(document.clone().into()),
            secrets: signed(),
            ..call("")
        })
        .await;
        assert_eq!(request.body, document);
        verify(&request);
    }
}

#[tokio::test]
async fn the_body_without_is_the_rest_of_it() {
    for document in documents() {
        for large in [false, true] {
            let document = Bytes::from(document.clone());
            let opened = match large {
                false => Document::Bytes(document.clone()),
                true => Document::Large(Reader {
                    parts: document
                        .chunks(7)
                        .map(|part| (document.slice_ref(part), 1))
                        .collect(),
                    ..Reader::default()
                }),
            };
            let request = received(Call {
                document: opened,
                config: whole(false, ""),
                secrets: signed(),
                ..call("")
            })
            .await;
            let mut expected: Map<String, Value> = serde_json::from_slice(&document).unwrap();
            expected.remove("annotations");
            expected.remove("properties");
            let sent: Map<String, Value> = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(sent, expected);
            verify(&request);
        }
    }
}

/// A document whose metadata alone is larger than what is held in memory.
fn huge() -> Reader {
    Reader {
        parts: vec![
            (Bytes::from_static(b"{\"item\":[0"), 1),
            (Bytes::from(b",12345678901".repeat(100)), 2000),
            (Bytes::from_static(b"],\"annotations\":[0"), 1),
            (Bytes::from(b",12345678901".repeat(100)), 2000),
            (Bytes::from_static(b"],\"version\":\"2.0\"}"), 1),
        ],
        ..Reader::default()
    }
}

#[tokio::test]
async fn a_large_document_in_both_forms() {
    for (include_annotations, secrets, times) in [
        (true, StageSecrets::default(), 1),
        (true, signed(), 2),
        (false, signed(), 2),
    ] {
        let reader = huge();
        let opened = reader.opened.clone();
        let signs = !secrets.is_empty();
        let request = received(Call {
            document: Document::Large(reader),
            config: whole(include_annotations, ""),
            secrets,
            ..call("")
        })
        .await;
        let numbers = b",12345678901".repeat(200_000);
        let mut expected = b"{\"item\":[0".to_vec();
        expected.extend_from_slice(&numbers);
        if include_annotations {
            expected.extend_from_slice(b"],\"annotations\":[0");
            expected.extend_from_slice(&numbers);
        }
        expected.extend_from_slice(b"],\"version\":\"2.0\"}");
        assert!(request.body == expected);
        assert_eq!(opened.load(Ordering::SeqCst), times);
        if signs {
            verify(&request);
        }
    }
}

#[tokio::test]
async fn a_broken_document_is_named_with_its_place_and_not_sent() {
    let (receiver, _) = Receiver::keeping().await;
    let broken = "{\n  \"item\": {},\n  \"annotations\": [1,,2]\n}";
    let place = "the document's JSON is broken at line 3 column 21";
    let large = || Reader {
        parts: vec![(Bytes::from_static(broken.as_bytes()), 1)],
        ..Reader::default()
    };
    for (document, include_annotations) in [
        (Document::Bytes(broken.into()), true),
        (Document::Bytes(broken.into()), false),
        (Document::Large(large()), false),
    ] {
        let answer = answer(
            &caller(),
            Call {
                document,
                config: whole(include_annotations, receiver.url()),
                ..call("")
            },
        )
        .await;
        assert_eq!(answer.result, Err(Reason::DocumentInvalid));
        assert_eq!(answer.detail.as_deref(), Some(place));
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_our_fault_and_one_that_takes_too_long_is_its_own() {
    let (receiver, requests) = Receiver::keeping().await;
    for ends in [Ends::Failing, Ends::Stalling] {
        for (include_annotations, secrets) in [
            (true, StageSecrets::default()),
            (true, signed()),
            (false, signed()),
        ] {
            let call = Call {
                document: Document::Large(Reader { ends, ..huge() }),
                config: whole(include_annotations, receiver.url()),
                secrets,
                ..short("")
            };
            match (caller().call(call).await, ends) {
                (Err(error), Ends::Failing) => assert_eq!(error.kind, PortErrorKind::Throttled),
                // The next call would wait as long, so it is charged.
                (Ok(answer), Ends::Stalling) => {
                    assert_eq!(answer.result, Err(Reason::DocumentTooLarge));
                }
                (other, ends) => panic!("{ends:?} {include_annotations}: {other:?}"),
            }
        }
    }
    assert!(
        requests.lock().unwrap().is_empty(),
        "half a document was sent"
    );
}
