//! Source files by URLs that the receiver can use.

use std::time::Duration;

use bytes::Bytes;
use delivery::Document;
use delivery::ports::{Call, PortError, Presign};
use workflow::{StageSecrets, WebhookConfig};

use crate::support::{Reader, Receiver, answer, call, caller};
use crate::{signed, verify};

#[derive(Clone)]
pub(crate) struct Signing;

impl Presign for Signing {
    async fn presign(&self, s3_url: &str, expiry: Duration) -> Result<String, PortError> {
        Ok(format!(
            "https://signed/{}?{}",
            &s3_url[5..],
            expiry.as_secs()
        ))
    }
}

/// A large document as V7 writes it: where the files are comes first.
fn large_with_files(beginning: &'static [u8]) -> Reader {
    Reader {
        parts: vec![
            (Bytes::from_static(b"{\"version\":\"2.0\","), 1),
            (Bytes::from_static(beginning), 1),
            (Bytes::from_static(b",\"annotations\":[0"), 1),
            (Bytes::from(b",12345678901".repeat(100)), 2000),
            (Bytes::from_static(b"],\"kept\":[0"), 1),
            (Bytes::from(b",12345678901".repeat(100)), 2000),
            (Bytes::from_static(b"]}"), 1),
        ],
        ..Reader::default()
    }
}

#[tokio::test]
async fn a_large_documents_source_files_are_presigned_too() {
    let (receiver, requests) = Receiver::keeping().await;
    let caller = caller().with_presign(Signing);
    let beginning =
        br#""item":{"slots":[{"source_files":[{"url":"s3://bkt/k"}],"thumbnail_url":"s3://bkt/t"}]}"#;
    let signed_beginning = String::from_utf8_lossy(beginning)
        .replace("s3://bkt/k", "https://signed/bkt/k?60")
        .into_bytes();
    let numbers = b",12345678901".repeat(200_000);
    for include_annotations in [true, false] {
        for secrets in [StageSecrets::default(), signed()] {
            let signs = !secrets.is_empty();
            let call = Call {
                document: Document::Large(large_with_files(beginning)),
                config: WebhookConfig {
                    include_annotations,
                    presigned_url_expiry: Some(Duration::from_secs(60)),
                    ..WebhookConfig::new(receiver.url())
                },
                secrets,
                ..call("")
            };
            assert_eq!(answer(&caller, call).await.result, Ok(200));
            let request = requests.lock().unwrap().pop().unwrap();
            let mut expected = b"{\"version\":\"2.0\",".to_vec();
            expected.extend_from_slice(&signed_beginning);
            if include_annotations {
                expected.extend_from_slice(b",\"annotations\":[0");
                expected.extend_from_slice(&numbers);
                expected.push(b']');
            }
            expected.extend_from_slice(b",\"kept\":[0");
            expected.extend_from_slice(&numbers);
            expected.extend_from_slice(b"]}");
            assert!(request.body == expected, "{include_annotations} {signs}");
            if signs {
                verify(&request);
            }
        }
    }
}

#[tokio::test]
async fn source_files_are_presigned_when_asked() {
    let document =
        r#"{"item":{"slots":[{"source_files":[{"url":"s3://bkt/k"}]}]},"annotations":[]}"#;
    let (receiver, requests) = Receiver::keeping().await;
    let caller = caller().with_presign(Signing);
    for (expiry, include_annotations, expected) in [
        (None, true, document.to_owned()),
        (
            Some(60),
            true,
            document.replace("s3://bkt/k", "https://signed/bkt/k?60"),
        ),
        (
            Some(60),
            false,
            r#"{"item":{"slots":[{"source_files":[{"url":"https://signed/bkt/k?60"}]}]}}"#
                .to_owned(),
        ),
    ] {
        let call = Call {
            document: Document::Bytes(document.into()),
            config: WebhookConfig {
                include_annotations,
                presigned_url_expiry: expiry.map(Duration::from_secs),
                ..WebhookConfig::new(receiver.url())
            },
            secrets: signed(),
            ..call("")
        };
        assert_eq!(answer(&caller, call).await.result, Ok(200));
        let request = requests.lock().unwrap().pop().unwrap();
        assert_eq!(String::from_utf8_lossy(&request.body), expected);
        verify(&request);
    }
}
