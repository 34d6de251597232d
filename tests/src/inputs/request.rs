//! HTTP requests at the local gateway, and events at the example receiver.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::authorizer::Tokens;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use http_body_util::{BodyExt, Full};
use receiver::{Config, Receiver};
use serde_json::Value;
use tokio::runtime::Builder;
use webhook_stage::gateway::Gateway;

use super::authorizer::TOKEN;
use super::json::members;

/// All that must hold for a request, written as HTTP/1 writes it: `METHOD target`, a line for each
/// header, an empty line, the body. As JSON it is an event for the receiver.
///
/// # Panics
/// When something does not.
pub fn check(input: &[u8]) {
    if let Ok(event) = serde_json::from_slice::<Value>(input) {
        is_answered(&Receiver::new(Config::default()).answer(&event));
    }
    if let Some(request) = parse(input) {
        passes_the_authorizer_first(request);
    }
}

fn is_answered(answer: &Value) -> u64 {
    let status = answer["statusCode"]
        .as_u64()
        .expect("an answer has a status");
    assert!((200..=599).contains(&status), "{answer}");
    let body = answer["body"].as_str().expect("an answer has a body");
    serde_json::from_str::<Value>(body).expect("the body is JSON");
    status
}

/// What hyper takes off the wire.
fn parse(input: &[u8]) -> Option<Request<Bytes>> {
    let split = input.windows(2).position(|pair| pair == b"\n\n")?;
    let (head, body) = (&input[..split], &input[split + 2..]);
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut first = lines.next()?.splitn(2, |byte| *byte == b' ');
    let mut request = Request::builder()
        .method(Method::from_bytes(first.next()?).ok()?)
        .uri(Uri::try_from(first.next()?).ok()?);
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        request = request.header(name, value);
    }
    request.body(Bytes::copy_from_slice(body)).ok()
}

fn passes_the_authorizer_first(request: Request<Bytes>) {
    let tokens: Vec<HeaderValue> = request
        .headers()
        .get_all("authorization")
        .iter()
        .cloned()
        .collect();
    let has_token = tokens == [TOKEN];
    let is_post = request.method() == Method::POST;
    let sent = request.body().clone();
    let received = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&received);
    let gateway = Gateway {
        tokens: Tokens::from_values([TOKEN]),
        receiver: Receiver::new(Config::default()),
        delay: Duration::ZERO,
        on_request: Box::new(move |request| {
            let shown = (
                request.status,
                request.headers.clone(),
                request.body.clone(),
            );
            *noted.lock().unwrap() = Some(shown);
        }),
    };
    let (status, body) = Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async {
            let response = gateway.answer(request.map(Full::new)).await;
            let status = response.status().as_u16();
            (
                status,
                response.into_body().collect().await.unwrap().to_bytes(),
            )
        });
    serde_json::from_slice::<Value>(&body).expect("every answer is JSON");
    let (noted, headers, body) = received
        .lock()
        .unwrap()
        .take()
        .expect("each request is noted");
    assert_eq!(noted, status);
    let hidden = ["authorization", "webhook-signature"];
    assert!(
        headers
            .iter()
            .all(|(name, _)| !hidden.contains(&name.as_str()))
    );
    match status {
        401 | 403 => {
            assert!(!has_token, "the token was refused");
            assert!(body.is_empty(), "a refused body is not read");
        }
        404 => assert!(has_token && !is_post),
        200 | 400 => {
            assert!(has_token && is_post, "let in without the token");
            assert_eq!(body, sent, "the body arrives to the byte");
            let text = String::from_utf8_lossy(sent.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&sent));
            let is_object = members(text.as_bytes()).is_some();
            assert_eq!(
                status == 200,
                is_object,
                "a JSON object is taken, nothing else"
            );
        }
        other => panic!("status {other}"),
    }
}
