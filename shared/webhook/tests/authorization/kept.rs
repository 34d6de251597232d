//! One token serves many calls, and is thrown away when the receiver refuses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use delivery::Reason;
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt;

use crate::server::{AuthorizationServer, http, with_token};
use crate::support::{Receiver, answer, caller, read_request};

/// A receiver that accepts only the token with this number, and counts its calls.
async fn accepting(number: usize) -> (Receiver, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let receiver = Receiver::start(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            loop {
                let request = read_request(&mut stream).await?;
                count.fetch_add(1, Ordering::SeqCst);
                let shown = request.headers["authorization"].clone();
                let status = match shown == format!("Bearer planted-token-{number}") {
                    true => "200 OK",
                    false => "401 Unauthorized",
                };
                stream.write_all(&http(status, &shown)).await?;
            }
        }
    })
    .await;
    (receiver, calls)
}

#[tokio::test]
async fn fifty_calls_at_once_ask_once() {
    let server = AuthorizationServer::start().await;
    let (receiver, calls) = accepting(1).await;
    let caller = caller();
    let all = (0..50).map(|_| answer(&caller, with_token(&server.url(), &receiver.url())));
    for answer in join_all(all).await {
        assert_eq!(answer.result, Ok(200), "{answer:?}");
    }
    answer(&caller, with_token(&server.url(), &receiver.url())).await;
    assert_eq!(server.count(), 1);
    assert_eq!(calls.load(Ordering::SeqCst), 51);
}

#[tokio::test]
async fn another_secret_scope_or_stage_has_another_token() {
    let server = AuthorizationServer::start().await;
    let (receiver, _) = Receiver::keeping().await;
    let caller = caller();
    for change in 0..4 {
        let mut call = with_token(&server.url(), &receiver.url());
        match (&mut call.config.access, change) {
            (_, 1) => call.secrets.client_secret = Some("another".into()),
            (_, 2) => call.config.secret_ref = Some(workflow::SecretRef("b".to_owned())),
            (Some(workflow::Access::OAuth2(access)), 3) => {
                access.scopes.pop();
            }
            _ => {}
        }
        answer(&caller, call).await;
        assert_eq!(server.count(), change + 1);
    }
}

#[tokio::test]
async fn a_token_that_expires_is_asked_for_again() {
    let server = AuthorizationServer::start().await;
    server.tokens_live(0);
    let (receiver, requests) = Receiver::keeping().await;
    let caller = caller();
    for _ in 0..2 {
        answer(&caller, with_token(&server.url(), &receiver.url())).await;
    }
    let requests = requests.lock().unwrap();
    let shown = requests
        .iter()
        .map(|request| request.headers["authorization"].as_str());
    assert!(shown.eq(["Bearer planted-token-1", "Bearer planted-token-2"]));
}

#[tokio::test]
async fn a_token_that_was_revoked_costs_no_attempt() {
    let server = AuthorizationServer::start().await;
    let (first, _) = accepting(1).await;
    let (second, calls) = accepting(2).await;
    let caller = caller();
    answer(&caller, with_token(&server.url(), &first.url())).await;
    // The same token is refused here.
    let again = answer(&caller, with_token(&server.url(), &second.url())).await;
    assert_eq!(again.result, Ok(200), "{again:?}");
    let told = "the receiver had answered 401 to a token kept from before";
    assert_eq!(again.detail.as_deref(), Some(told));
    assert_eq!((server.count(), calls.load(Ordering::SeqCst)), (2, 2));
    assert!(!format!("{again:?}").contains("planted"));
}

#[tokio::test]
async fn a_new_token_that_is_refused_is_not_tried_again() {
    let server = AuthorizationServer::start().await;
    let (receiver, calls) = accepting(99).await;
    let caller = caller();
    let refused = answer(&caller, with_token(&server.url(), &receiver.url())).await;
    assert_eq!(refused.result, Ok(401));
    assert_eq!((server.count(), calls.load(Ordering::SeqCst)), (1, 1));
    // A kept one is replaced, once.
    let refused = answer(&caller, with_token(&server.url(), &receiver.url())).await;
    assert_eq!(refused.result, Ok(401));
    assert_eq!((server.count(), calls.load(Ordering::SeqCst)), (2, 3));
    assert!(!format!("{refused:?}").contains("planted"));
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let server = AuthorizationServer::start().await;
    server.answers(http("503 Busy", "{}"));
    let (receiver, _) = Receiver::keeping().await;
    let caller = caller();
    let failed = answer(&caller, with_token(&server.url(), &receiver.url())).await;
    assert_eq!(failed.result, Err(Reason::AuthorizationFailed));
    assert_eq!(failed.request_bytes, 0);
    assert_eq!(receiver.accepted(), 0);
    let answer = answer(&caller, with_token(&server.url(), &receiver.url())).await;
    assert_eq!(answer.result, Ok(200));
}
