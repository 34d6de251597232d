//! Signatures by an Ed25519 key, of small documents and of streamed ones.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use delivery::ports::Call;
use delivery::{Document, Reason};
use futures_util::future::join_all;
use secrecy::ExposeSecret;
use webhook::SigningKey;
use workflow::StageSecrets;

use crate::support::{Reader, Receiver, Request, answer, call, caller};
use crate::{NEW, received, whole};

fn with_key() -> (SigningKey, StageSecrets) {
    let (key, text) = SigningKey::generate().unwrap();
    let secrets = StageSecrets {
        signing_secrets: vec![text.expose_secret().into(), NEW.into()],
        ..StageSecrets::default()
    };
    (key, secrets)
}

fn verify(key: &SigningKey, request: &Request) {
    let public = STANDARD.decode(&key.public()["whpk_".len()..]).unwrap();
    let header = |name: &str| request.headers[name].as_str();
    let (first, second) = header("webhook-signature").split_once(' ').unwrap();
    let signature = STANDARD
        .decode(first.strip_prefix("v1a,").unwrap())
        .unwrap();
    let head = format!("{}.{}.", header("webhook-id"), header("webhook-timestamp"));
    let signed = [head.as_bytes(), &request.body].concat();
    UnparsedPublicKey::new(&ED25519, public)
        .verify(&signed, &signature)
        .unwrap();
    assert!(second.starts_with("v1,"));
}

/// A document of so many bytes, or a few more.
fn large(size: usize) -> Reader {
    let annotation = Bytes::from("\"x\",".repeat(16 * 1024));
    let times = size / annotation.len();
    Reader {
        parts: vec![
            (Bytes::from_static(b"{\"item\":{},\"more\":["), 1),
            (annotation, times),
            (Bytes::from_static(b"0]}"), 1),
        ],
        ..Reader::default()
    }
}

#[tokio::test]
async fn a_document_in_memory_and_a_streamed_one() {
    let (key, secrets) = with_key();
    let request = received(Call {
        secrets: secrets.clone(),
        ..call("")
    })
    .await;
    verify(&key, &request);
    for include_annotations in [true, false] {
        let request = received(Call {
            secrets: secrets.clone(),
            config: whole(include_annotations, ""),
            document: Document::Large(large(3 * 1024 * 1024)),
            ..call("")
        })
        .await;
        assert!(request.body.len() > 2 * 1024 * 1024);
        verify(&key, &request);
    }
}

#[tokio::test]
async fn a_document_that_is_too_large_for_a_key_is_not_sent() {
    let (receiver, _) = Receiver::keeping().await;
    let reader = large(40 * 1024 * 1024);
    let opened = Arc::clone(&reader.opened);
    let document = Document::Large(reader);
    let call = Call {
        secrets: with_key().1,
        document,
        ..call(receiver.url())
    };
    let answer = answer(&caller(), call).await;
    assert_eq!(answer.result, Err(Reason::DocumentTooLarge));
    assert!(answer.detail.unwrap().contains("32 MiB"));
    assert_eq!((receiver.accepted(), opened.load(Ordering::SeqCst)), (0, 1));
}

#[tokio::test]
async fn many_at_once_take_turns() {
    let (receiver, _) = Receiver::keeping().await;
    let (_, secrets) = with_key();
    let caller = caller();
    let calls = (0..8).map(|_| {
        let call = Call {
            secrets: secrets.clone(),
            document: Document::Large(large(2 * 1024 * 1024)),
            ..call(receiver.url())
        };
        answer(&caller, call)
    });
    for answer in join_all(calls).await {
        assert_eq!(answer.result, Ok(200), "{answer:?}");
    }
}
