//! Tokens by OAuth 2.0 client credentials: how they are asked for, kept and used, and what goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod hostile;
mod kept;
mod server;
#[path = "../support/mod.rs"]
mod support;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use delivery::Reason;
use delivery::ports::Call;
use server::{AuthorizationServer, with_token};
use support::{Receiver, answer, call, caller};
use workflow::{Access, ClientAuthentication};

/// A call whose client proves itself in this way.
fn by(authentication: ClientAuthentication, token_url: &str) -> Call<support::Reader> {
    let mut call = with_token(token_url, "http://127.0.0.1:1/");
    if let Some(Access::OAuth2(access)) = &mut call.config.access {
        access.authentication = authentication;
    }
    call
}

#[tokio::test]
async fn a_token_is_asked_for_and_shown() {
    let server = AuthorizationServer::start().await;
    let (receiver, requests) = Receiver::keeping().await;
    let answer = answer(&caller(), with_token(&server.url(), &receiver.url())).await;
    assert_eq!(answer.result, Ok(200), "{answer:?}");
    assert_eq!(answer.detail, None);
    let request = requests.lock().unwrap().pop().unwrap();
    assert_eq!(request.headers["authorization"], "Bearer planted-token-1");
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].line, "POST /token HTTP/1.1");
    assert_eq!(
        asked[0].headers["content-type"],
        "application/x-www-form-urlencoded"
    );
}

/// RFC 6749, 2.3.1: the id and the secret are encoded as a form would, before they are joined.
#[tokio::test]
async fn both_ways_to_send_the_secret() {
    let server = AuthorizationServer::start().await;
    answer(&caller(), by(ClientAuthentication::Basic, &server.url())).await;
    answer(&caller(), by(ClientAuthentication::Post, &server.url())).await;
    let asked = server.asked();
    let basic = STANDARD.encode("the+client%3A1:planted+client%25secret");
    assert_eq!(asked[0].headers["authorization"], format!("Basic {basic}"));
    assert_eq!(
        String::from_utf8_lossy(&asked[0].body),
        "grant_type=client_credentials&scope=read+write&audience=https%3A%2F%2Fapi.example%2F"
    );
    assert!(!asked[1].headers.contains_key("authorization"));
    assert_eq!(
        String::from_utf8_lossy(&asked[1].body),
        "grant_type=client_credentials&scope=read+write&client_id=the+client%3A1&client_secret=planted+client%25secret&audience=https%3A%2F%2Fapi.example%2F"
    );
}

#[tokio::test]
async fn without_its_secret_nothing_is_asked() {
    let server = AuthorizationServer::start().await;
    let mut call = with_token(&server.url(), "http://127.0.0.1:1/");
    call.secrets.client_secret = None;
    let answer = answer(&caller(), call).await;
    assert_eq!(answer.result, Err(Reason::SecretMissing));
    assert!(server.asked().is_empty());
}

/// A caller without a signer, as on one machine without the AWS SDK.
#[tokio::test]
async fn without_a_signer_a_call_for_aws_is_not_made() {
    let (receiver, _) = Receiver::keeping().await;
    let mut call = call(receiver.url());
    call.config.access = Some(Access::SigV4(workflow::SigV4 {
        service: "lambda".to_owned(),
        region: "eu-west-1".to_owned(),
    }));
    let answer = answer(&caller(), call).await;
    assert_eq!(answer.result, Err(Reason::AuthorizationFailed));
    assert!(answer.detail.unwrap().contains("--features aws"));
    assert_eq!(receiver.accepted(), 0);
}
