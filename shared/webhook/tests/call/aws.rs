//! What is given to the signer for AWS, and what becomes of its headers.

use bytes::Bytes;
use delivery::ports::{Call, SignError, SignRequest, SignatureHeader, Unsigned};
use delivery::{Document, Reason};
use webhook::WebhookCaller;
use workflow::{Access, Method, SigV4};

use crate::support::{Reader, Receiver, Request, answer, call, caller};
use crate::whole;

/// Puts all that it is given into a header, or fails.
struct Signer(Result<(), SignError>);

impl SignRequest for Signer {
    async fn sign(&self, request: Unsigned<'_>) -> Result<Vec<SignatureHeader>, SignError> {
        self.0?;
        let hash: String = request
            .body_sha256
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let text = format!(
            "AWS4 {} {} {} {} {hash} Signature=planted-signature",
            request.method,
            request.url,
            request.at.as_secs(),
            request.service
        );
        let header = |name, value: &str| SignatureHeader {
            name,
            value: value.into(),
        };
        Ok(vec![
            header("authorization", &text),
            header("x-amz-security-token", "planted-session-token"),
        ])
    }
}

fn for_aws(mut call: Call<Reader>) -> Call<Reader> {
    call.config.access = Some(Access::SigV4(SigV4 {
        service: "lambda".to_owned(),
        region: "eu-west-1".to_owned(),
    }));
    call
}

fn signing(result: Result<(), SignError>) -> WebhookCaller<(), Signer> {
    caller().with_signer(Signer(result))
}

fn sha256(bytes: &[u8]) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let bytes = hash.as_ref().iter();
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn the_body_that_is_sent_is_what_is_signed() {
    let (receiver, requests) = Receiver::keeping().await;
    let url = format!("{}/a%20b?c=d", receiver.url());
    let part = Bytes::from("\"x\",".repeat(16 * 1024));
    let large = |times| {
        Document::Large(Reader {
            parts: vec![
                (
                    Bytes::from_static(b"{\"annotations\":[1],\"item\":{},\"more\":["),
                    1,
                ),
                (part.clone(), times),
                (Bytes::from_static(b"0]}"), 1),
            ],
            ..Reader::default()
        })
    };
    for include_annotations in [true, false] {
        for document in [call("").document, large(1), large(40)] {
            let mut signed = for_aws(Call {
                config: whole(include_annotations, url.as_str()),
                document,
                ..call("")
            });
            signed.config.method = Method::Patch;
            let at = signed.sent_at.as_secs();
            let taken = answer(&signing(Ok(())), signed).await;
            assert_eq!(taken.result, Ok(200), "{taken:?}");
            let request: Request = requests.lock().unwrap().pop().unwrap();
            let expected = format!(
                "AWS4 PATCH {url} {at} lambda {} Signature=planted-signature",
                sha256(&request.body)
            );
            assert_eq!(request.headers["authorization"], expected);
            assert_eq!(
                request.headers["x-amz-security-token"],
                "planted-session-token"
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_signed_is_not_sent() {
    let (receiver, _) = Receiver::keeping().await;
    for error in [SignError::Credentials, SignError::Request] {
        let failed = answer(&signing(Err(error)), for_aws(call(receiver.url()))).await;
        assert_eq!(failed.result, Err(Reason::AuthorizationFailed));
        assert_eq!(failed.detail, Some(error.to_string()));
    }
    assert_eq!(receiver.accepted(), 0);
}

#[tokio::test]
async fn an_echo_shows_neither_the_signature_nor_the_session_token() {
    let echo = "planted-signature planted-session-token";
    let length = echo.len();
    let head = format!("HTTP/1.1 403 No\r\ncontent-length: {length}\r\n\r\n{echo}");
    let receiver = Receiver::answering(head).await;
    let refused = answer(&signing(Ok(())), for_aws(call(receiver.url()))).await;
    assert_eq!(refused.response_excerpt, "[redacted] [redacted]");
}
