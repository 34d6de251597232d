use std::time::Duration;

use aws::{Bucket, S3Presign};
use delivery::ports::{DocumentError, Documents, PortErrorKind, Presign};
use delivery::{Document, DocumentReader, DocumentRef, FileKey, Reason, S3Object};
use futures_util::StreamExt;
use uuid::Uuid;

use crate::fake::{Answer, Fake};

fn key() -> FileKey {
    FileKey {
        team: "t".to_owned(),
        item_id: Uuid::from_u128(1),
    }
}

fn foreign(bucket: &str, key: &str) -> DocumentRef {
    DocumentRef::S3(S3Object {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
        etag: Some("\"seen\"".to_owned()),
    })
}

fn s3_error(status: u16, code: &str) -> Answer {
    let body = format!("<Error><Code>{code}</Code><Message>planted-message</Message></Error>");
    Answer::status(status, body)
}

/// What becomes of a document when S3 answers this: a reason, or the kind of the engine's fault.
async fn outcome(
    status: u16,
    code: &'static str,
    document: Option<&DocumentRef>,
) -> Result<Reason, PortErrorKind> {
    let fake = Fake::new(move |_| s3_error(status, code));
    let bucket = Bucket::new(&fake.config(), "documents");
    match bucket.open(&key(), document).await {
        Err(DocumentError::Reason(reason)) => Ok(reason),
        Err(DocumentError::Port(error)) => {
            assert!(!format!("{error:?}").contains("planted-message"));
            Err(error.kind)
        }
        Ok(_) => panic!("{status} {code} gave a document"),
    }
}

#[tokio::test]
async fn what_is_the_files_fault_and_what_is_ours() {
    let elsewhere = foreign("their-bucket", "a.json");
    let elsewhere = Some(&elsewhere);
    for (status, code, document, expected) in [
        (404, "NoSuchKey", None, Ok(Reason::DocumentMissing)),
        (404, "NoSuchVersion", elsewhere, Ok(Reason::DocumentMissing)),
        (404, "NoSuchBucket", elsewhere, Ok(Reason::DocumentMissing)),
        (404, "NoSuchBucket", None, Err(PortErrorKind::Forbidden)),
        (
            405,
            "MethodNotAllowed",
            elsewhere,
            Ok(Reason::DocumentMissing),
        ),
        (
            400,
            "InvalidArgument",
            elsewhere,
            Ok(Reason::DocumentMissing),
        ),
        (
            403,
            "AccessDenied",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (
            403,
            "InvalidObjectState",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (403, "ExpiredToken", None, Err(PortErrorKind::Forbidden)),
        // A bucket in another region; our own cannot be in one.
        (
            301,
            "PermanentRedirect",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (
            307,
            "TemporaryRedirect",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (
            400,
            "AuthorizationHeaderMalformed",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (
            400,
            "IllegalLocationConstraintException",
            elsewhere,
            Ok(Reason::DocumentForbidden),
        ),
        (
            301,
            "PermanentRedirect",
            None,
            Err(PortErrorKind::Unavailable),
        ),
        (
            412,
            "PreconditionFailed",
            elsewhere,
            Ok(Reason::DocumentChanged),
        ),
        (503, "SlowDown", None, Err(PortErrorKind::Throttled)),
        (500, "InternalError", None, Err(PortErrorKind::Unavailable)),
    ] {
        assert_eq!(
            outcome(status, code, document).await,
            expected,
            "{status} {code}"
        );
    }
}

#[tokio::test]
async fn an_object_that_cannot_be_is_missing_and_is_not_asked_for_elsewhere() {
    for (bucket, key) in [
        ("", "a"),
        ("b", ""),
        ("a/../documents", "a"),
        ("http://x", "a"),
    ] {
        let fake = Fake::new(|request| {
            assert!(request.uri.contains("amazonaws.com"), "{}", request.uri);
            s3_error(404, "NoSuchBucket")
        });
        let document = foreign(bucket, key);
        let opened = Bucket::new(&fake.config(), "documents")
            .open(&self::key(), Some(&document))
            .await;
        match opened {
            Err(DocumentError::Reason(Reason::DocumentMissing)) => {}
            other => panic!("{bucket:?} {key:?}: {:?}", other.err()),
        }
    }
}

#[tokio::test]
async fn a_large_object_is_streamed_and_stays_the_same() {
    let content = vec![b'x'; 3 * 1024 * 1024];
    let served = content.clone();
    let fake =
        Fake::new(
            move |request| match request.headers.get("if-match").map(String::as_str) {
                None | Some("\"one\"") => {
                    let length = served.len().to_string();
                    Answer::ok(served.clone())
                        .header("content-length", length)
                        .header("etag", "\"one\"")
                }
                Some(_) => s3_error(412, "PreconditionFailed"),
            },
        );
    let bucket = Bucket::new(&fake.config(), "documents");
    let Ok(Document::Large(reader)) = bucket.open(&key(), None).await else {
        panic!("it is read whole");
    };
    assert_eq!(reader.length(), 3 * 1024 * 1024);
    for _ in 0..2 {
        let mut stream = reader.stream().await.unwrap();
        let mut read = Vec::new();
        while let Some(chunk) = stream.next().await {
            read.extend_from_slice(&chunk.unwrap());
        }
        assert!(read == content);
    }
    let asked = fake.asked();
    assert_eq!(asked.len(), 2, "the first stream is what opening began");
    assert!(
        asked[0]
            .uri
            .contains("/t/00000000-0000-0000-0000-000000000001.json")
    );
    assert_eq!(asked[1].headers["if-match"], "\"one\"");
    assert!(bucket.open(&key(), Some(&foreign("b", "k"))).await.is_err());
}

#[tokio::test]
async fn a_presigned_url_needs_no_header_and_has_no_secret() {
    let fake = Fake::new(|_| panic!("presigning asks nobody"));
    let presign = S3Presign::new(&fake.config(), "documents");
    let url = presign
        .presign(
            "s3://their-bucket/a folder/f+1.png",
            Duration::from_secs(600),
        )
        .await
        .unwrap();
    assert!(
        url.starts_with("https://their-bucket.s3.eu-central-1.amazonaws.com/a%20folder/f%2B1.png?")
    );
    assert!(url.contains("X-Amz-Expires=600"), "{url}");
    assert!(url.contains("X-Amz-SignedHeaders=host&"), "{url}");
    for wrong in ["https://b/k", "s3://", "s3://b", "s3:///k", "s3://b/"] {
        assert!(
            presign
                .presign(wrong, Duration::from_secs(600))
                .await
                .is_err(),
            "{wrong}"
        );
    }
    let week = Duration::from_secs(7 * 24 * 3600 + 1);
    assert!(presign.presign("s3://b/k", week).await.is_err());
    let ours = "s3://documents/another-team/one.json";
    let hour = Duration::from_secs(3600);
    assert_eq!(presign.presign(ours, hour).await.unwrap(), ours);
}

#[tokio::test]
async fn a_team_has_its_own_documents_and_no_others() {
    let fake = Fake::new(|_| Answer::ok(b"{}".to_vec()).header("content-length", "2"));
    let bucket = Bucket::new(&fake.config(), "documents");
    for (key, is_own) in [
        ("t/old.json", true),
        ("u/one.json", false),
        ("t", false),
        ("tt/one.json", false),
    ] {
        let document = foreign("documents", key);
        let opened = bucket.open(&self::key(), Some(&document)).await;
        match opened {
            Ok(_) => assert!(is_own, "{key}"),
            Err(DocumentError::Reason(Reason::DocumentForbidden)) => assert!(!is_own, "{key}"),
            Err(error) => panic!("{key}: {error:?}"),
        }
    }
    assert_eq!(fake.asked().len(), 1);
}
