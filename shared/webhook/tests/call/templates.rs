//! A stage's own condition and body.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{Call, Caller, Wanted};
use delivery::{Document, Reason};
use workflow::{Body, Header, StageSecrets, WebhookConfig};

use crate::presigned::Signing;
use crate::support::{Ends, Reader, Receiver, answer, call, caller, short};
use crate::{NEW, received, signed, verify};

const DOCUMENT: &str = r#"{"version": "2.0", "item": {"name": "a \"b\".jpg", "slots": [{"source_files": [{"url": "s3://bkt/k"}]}]},
    "annotations": [{"name": "Urgent", "tag": {}}, {"name": "car", "bounding_box": {"w": 1.0}}]}"#;

fn small() -> Document<Reader> {
    Document::Bytes(Bytes::from_static(DOCUMENT.as_bytes()))
}

/// The same in pieces, with so many annotations that it is not held in memory.
fn large(ends: Ends) -> Reader {
    let (before, after) = DOCUMENT.split_once("{\"name\": \"Urgent\"").unwrap();
    let annotation = Bytes::from_static(b"{\"name\":\"tree\",\"polygon\":{\"paths\":[]}},");
    Reader {
        parts: vec![
            (Bytes::from_static(before.as_bytes()), 1),
            (annotation, 50_000),
            (Bytes::from_static(b"{\"name\": \"Urgent\""), 1),
            (Bytes::from_static(after.as_bytes()), 1),
        ],
        ends,
        ..Reader::default()
    }
}

fn json(template: &str) -> Option<Body> {
    Some(Body {
        template: template.to_owned(),
        content_type: "application/json".to_owned(),
    })
}

fn with_body(template: &str, document: Document<Reader>) -> Call<Reader> {
    Call {
        config: WebhookConfig {
            body: json(template),
            ..WebhookConfig::new("")
        },
        document,
        ..call("")
    }
}

async fn wants(condition: &str, document: Document<Reader>) -> Wanted {
    let call = Call {
        config: WebhookConfig {
            condition: Some(condition.to_owned()),
            ..WebhookConfig::new("")
        },
        document,
        ..short("")
    };
    caller().wants(&call).await.unwrap()
}

/// Why no call was made. Nothing reaches the receiver.
async fn not_sent(call: Call<Reader>) -> (Reason, String) {
    let (receiver, _) = Receiver::keeping().await;
    let call = Call {
        config: WebhookConfig {
            url: receiver.url(),
            ..call.config
        },
        ..call
    };
    let answer = answer(&caller(), call).await;
    assert_eq!(receiver.accepted(), 0, "it was sent");
    (
        answer.result.unwrap_err(),
        answer.detail.unwrap_or_default(),
    )
}

#[tokio::test]
async fn a_condition_holds_or_not_or_is_unclear() {
    for (condition, expected) in [
        ("has_tag('Urgent')", Wanted::Yes),
        ("count('car') > 1", Wanted::No),
        ("item.folder", Wanted::No),
        (
            "team == 'acme' and workflow.name == 'Labels' and stage.name == 'Check' and attempt == 1",
            Wanted::Yes,
        ),
        (
            "delivery_id == '00000000-0000-0000-0000-00000000de11' and workflow.id is endingwith '0f10'",
            Wanted::Yes,
        ),
        ("now|date('%s')|int > 1700000000", Wanted::Yes),
    ] {
        assert_eq!(wants(condition, small()).await, expected, "{condition}");
    }
    for (condition, place) in [
        ("has_tag(", "line 1, column 8"),
        (
            "item.nmae == 'a'",
            "line 1, column 1: item.nmae is not defined",
        ),
        ("has_tags('a')", "line 1, column 1: there is no function"),
        (
            "[1] < 2",
            "line 1, column 1: a list and a number have no order",
        ),
    ] {
        match wants(condition, small()).await {
            Wanted::Unclear(Reason::ConditionInvalid, Some(detail)) => {
                assert!(detail.starts_with(place), "{condition}: {detail}");
            }
            other => panic!("{condition}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stage_without_a_condition_wants_all_and_reads_nothing() {
    let reader = large(Ends::Failing);
    let opened = reader.opened.clone();
    let call = Call {
        document: Document::Large(reader),
        ..call("")
    };
    assert_eq!(caller().wants(&call).await.unwrap(), Wanted::Yes);
    assert_eq!(opened.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_condition_of_a_large_document_knows_all_but_its_annotations() {
    let large = || Document::Large(large(Ends::Well));
    assert_eq!(wants("item.slots|length == 1", large()).await, Wanted::Yes);
    assert_eq!(wants("item.name == 'x'", large()).await, Wanted::No);
    for condition in ["has_tag('Urgent')", "annotations", "document|length > 2"] {
        match wants(condition, large()).await {
            Wanted::Unclear(Reason::ConditionInvalid, Some(detail)) => {
                assert!(detail.contains("too large to hold"), "{detail}");
            }
            other => panic!("{condition}: {other:?}"),
        }
    }
    let stalling = Document::Large(crate::templates::large(Ends::Stalling));
    let unclear = wants("item.name == 'x'", stalling).await;
    assert!(
        matches!(unclear, Wanted::Unclear(Reason::DocumentTooLarge, Some(_))),
        "{unclear:?}"
    );
    let failing = Call {
        config: WebhookConfig {
            condition: Some("true".into()),
            ..WebhookConfig::new("")
        },
        document: Document::Large(crate::templates::large(Ends::Failing)),
        ..call("")
    };
    caller().wants(&failing).await.unwrap_err();
}

#[tokio::test]
async fn the_body_is_rendered_and_signed() {
    let template = r#"{"text": "{{ item.name }}: {{ count('car') }}", "attempt": {{ attempt }}}"#;
    let expected = r#"{"text": "a \"b\".jpg: 1", "attempt": 3}"#;
    let mut marked = b"\xef\xbb\xbf".to_vec();
    marked.extend_from_slice(DOCUMENT.as_bytes());
    let marked = Bytes::from(marked);
    for document in [Bytes::from_static(DOCUMENT.as_bytes()), marked] {
        // It makes no difference whether the document would be sent whole.
        for include_annotations in [true, false] {
            let mut call = with_body(template, Document::Bytes(document.clone()));
            call.config.include_annotations = include_annotations;
            let call = Call {
                secrets: signed(),
                attempt: 3,
                ..call
            };
            let request = received(call).await;
            assert_eq!(String::from_utf8_lossy(&request.body), expected);
            assert_eq!(request.headers["content-type"], "application/json");
            verify(&request);
        }
    }
}

#[tokio::test]
async fn the_content_type_is_the_bodys() {
    let mut call = with_body("", small());
    call.config.body = Some(Body {
        template: "Hello \"{{ item.name }}\"".into(),
        content_type: "text/plain; charset=utf-8".into(),
    });
    let request = received(call).await;
    assert_eq!(request.body, b"Hello \"a \"b\".jpg\"");
    assert_eq!(request.headers["content-type"], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn the_body_of_a_large_document_knows_all_but_its_annotations() {
    let call = with_body(
        "[{{ item.name|tojson }}]",
        Document::Large(large(Ends::Well)),
    );
    let request = received(Call {
        secrets: signed(),
        ..call
    })
    .await;
    assert_eq!(request.body, br#"["a \"b\".jpg"]"#);
    verify(&request);
    let (reason, detail) = not_sent(with_body(
        "{{ count('car') }}",
        Document::Large(large(Ends::Well)),
    ))
    .await;
    assert_eq!(reason, Reason::BodyInvalid);
    assert!(
        detail.starts_with("line 1, column 4: count cannot be used"),
        "{detail}"
    );
    // More than 1 MiB is left without annotations.
    let metadata = Reader {
        parts: vec![
            (Bytes::from_static(b"{\"item\":[0"), 1),
            (Bytes::from(b",12345678901".repeat(100)), 1000),
            (Bytes::from_static(b"]}"), 1),
        ],
        ..Reader::default()
    };
    let (reason, detail) = not_sent(with_body("{{ attempt }}", Document::Large(metadata))).await;
    assert_eq!(reason, Reason::BodyInvalid);
    assert!(
        detail.contains("more than 1 MiB without its annotations"),
        "{detail}"
    );
}

#[tokio::test]
async fn templates_know_presigned_urls() {
    let (receiver, requests) = Receiver::keeping().await;
    let caller = caller().with_presign(Signing);
    for document in [small(), Document::Large(large(Ends::Well))] {
        let mut call = with_body("{{ item.slots[0].source_files[0].url|tojson }}", document);
        call.config.url = receiver.url();
        call.config.presigned_url_expiry = Some(Duration::from_secs(60));
        call.config.condition =
            Some("item.slots[0].source_files[0].url is startingwith 'https:'".into());
        assert_eq!(caller.wants(&call).await.unwrap(), Wanted::Yes);
        assert_eq!(answer(&caller, call).await.result, Ok(200));
        let request = requests.lock().unwrap().pop().unwrap();
        assert_eq!(request.body, br#""https://signed/bkt/k?60""#);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_made_is_not_sent() {
    for (template, place) in [
        (
            "{\"a\": {{ item.name }}}",
            "line 1, column 7 of the body: not JSON",
        ),
        (
            "{{ item.nmae }}",
            "line 1, column 4: item.nmae is not defined",
        ),
        (
            "{% if true %}",
            "line 1, column 12: the template ends too early",
        ),
        ("", "line 1, column 1 of the body: not JSON"),
        (
            "{% for x in range(999999) %}{{ x }}{% endfor %}",
            "line 1, column 13: the template ",
        ),
    ] {
        let (reason, detail) = not_sent(with_body(template, small())).await;
        assert_eq!(reason, Reason::BodyInvalid, "{template}");
        assert!(detail.starts_with(place), "{template}: {detail}");
    }
}

#[tokio::test]
async fn a_broken_document_is_the_documents_fault() {
    let broken = "{\n  \"item\": {},\n  \"annotations\": [1,,2]\n}";
    let place = "the document's JSON is broken at line 3 column 21";
    let documents = || {
        let reader = Reader {
            parts: vec![(Bytes::from_static(broken.as_bytes()), 1)],
            ..Reader::default()
        };
        [Document::Bytes(broken.into()), Document::Large(reader)]
    };
    for document in documents() {
        let (reason, detail) = not_sent(with_body("{{ attempt }}", document)).await;
        assert_eq!((reason, &*detail), (Reason::DocumentInvalid, place));
    }
    for document in documents() {
        let unclear = Wanted::Unclear(Reason::DocumentInvalid, Some(place.to_owned()));
        assert_eq!(wants("attempt == 1", document).await, unclear);
    }
}

/// Whatever a template does, it knows the document and the delivery only.
#[tokio::test]
async fn no_secret_can_be_reached() {
    let secrets = || StageSecrets {
        authorization: Some("Bearer planted-4711".into()),
        signing_secrets: vec![NEW.into()],
        headers: [("x-key".to_owned(), "planted-header".into())].into(),
        ..StageSecrets::default()
    };
    let names = "document, item, annotations, team, workflow, stage, attempt, delivery_id, now";
    for name in [
        "config",
        "secrets",
        "url",
        "headers",
        "authorization",
        "call",
        "self",
        "env",
        "request",
    ] {
        let call = Call {
            secrets: secrets(),
            ..with_body(&format!("{{{{ {name} }}}}"), small())
        };
        let (reason, detail) = not_sent(call).await;
        assert_eq!(reason, Reason::BodyInvalid);
        assert!(detail.ends_with(names), "{detail}");
    }
    let everything = "[{{ document }}, {{ item }}, {{ annotations }}, {{ team|tojson }}, {{ workflow }}, {{ stage }}, \
                      {{ attempt }}, {{ delivery_id|tojson }}, {{ now|tojson }}]";
    let (receiver, requests) = Receiver::keeping().await;
    let mut call = Call {
        secrets: secrets(),
        ..with_body(everything, small())
    };
    call.config.url = format!("{}?token=planted-url", receiver.url());
    call.config.headers = vec![Header {
        name: "x-key".into(),
        value: None,
    }];
    assert_eq!(answer(&caller(), call).await.result, Ok(200));
    let request = requests.lock().unwrap().pop().unwrap();
    assert!(
        request.line.contains("planted-url"),
        "the secrets are in use"
    );
    assert_eq!(request.headers["x-key"], "planted-header");
    let body = String::from_utf8(request.body).unwrap();
    for secret in ["planted", &NEW[6..], &receiver.address.to_string(), "whsec"] {
        assert!(!body.contains(secret), "{secret}: {body}");
    }
}
