//! Documents with a byte order mark, and in other encodings than UTF-8.

use std::time::Duration;

use bytes::Bytes;
use delivery::ports::Call;
use delivery::{Document, Reason};
use workflow::WebhookConfig;

use crate::presigned::Signing;
use crate::support::{Reader, Receiver, answer, call, caller};
use crate::{signed, verify};

const MARKED: &str = "\u{feff}{\"item\":{\"slots\":[{\"source_files\":[{\"url\":\"s3://bkt/k\"}]}]},\"annotations\":[1]}";

fn opened(document: &[u8], large: bool) -> Document<Reader> {
    let document = Bytes::copy_from_slice(document);
    if !large {
        return Document::Bytes(document);
    }
    // Small enough to come between any two bytes of a mark.
    let parts = document.chunks(2).map(|part| (document.slice_ref(part), 1));
    Document::Large(Reader {
        parts: parts.collect(),
        ..Reader::default()
    })
}

#[tokio::test]
async fn a_byte_order_mark_is_sent_as_it_is_stored() {
    let (receiver, requests) = Receiver::keeping().await;
    let caller = caller().with_presign(Signing);
    for large in [false, true] {
        for include_annotations in [true, false] {
            for presigned_url_expiry in [None, Some(Duration::from_secs(60))] {
                let mut expected = MARKED.to_owned();
                if !include_annotations {
                    expected = expected.replace(",\"annotations\":[1]", "");
                }
                if presigned_url_expiry.is_some() {
                    expected = expected.replace("s3://bkt/k", "https://signed/bkt/k?60");
                }
                let call = Call {
                    document: opened(MARKED.as_bytes(), large),
                    config: WebhookConfig {
                        include_annotations,
                        presigned_url_expiry,
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
    }
}

#[tokio::test]
async fn another_encoding_is_called_by_its_name() {
    let (receiver, _) = Receiver::keeping().await;
    let utf16: Vec<u8> = MARKED.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let detail = "the document is UTF-16, not UTF-8";
    // With its byte order mark and without.
    for document in [&utf16[..], &utf16[2..]] {
        for (large, include_annotations) in [(false, true), (false, false), (true, false)] {
            let call = Call {
                document: opened(document, large),
                config: WebhookConfig {
                    include_annotations,
                    ..WebhookConfig::new(receiver.url())
                },
                ..call("")
            };
            let answer = answer(&caller(), call).await;
            assert_eq!(answer.result, Err(Reason::DocumentInvalid));
            assert_eq!(answer.detail.as_deref(), Some(detail));
        }
    }
    assert_eq!(receiver.accepted(), 0);
}
