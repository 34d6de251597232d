//! Tokens of a real authorization server, and a receiver that checks them.

use delivery::Reason;
use delivery::ports::Call;
use workflow::{Access, ClientAuthentication, OAuth2};

use crate::server::Server;
use crate::{Reader, answer, call, caller};

const SECRET: &str = "planted secret/%+&=:é";

fn with_token(server: &Server, change: impl FnOnce(&mut OAuth2)) -> Call<Reader> {
    let mut call = call(format!("{}/protected/hook?x=1", server.url), "{}");
    let mut access = OAuth2 {
        token_url: format!("{}/token", server.url),
        client_id: "a client:1".to_owned(),
        scopes: vec!["files:read".to_owned(), "files:write".to_owned()],
        audience: Some("https://receiver.example/".to_owned()),
        authentication: ClientAuthentication::Basic,
    };
    change(&mut access);
    call.config.access = Some(Access::OAuth2(access));
    call.secrets.client_secret = Some(SECRET.into());
    call
}

#[tokio::test]
async fn it_gives_a_token_whichever_way_the_client_proves_itself() {
    let server = Server::start();
    for (authentication, how) in [
        (ClientAuthentication::Basic, "basic"),
        (ClientAuthentication::Post, "post"),
    ] {
        let caller = caller();
        for _ in 0..3 {
            let call = with_token(&server, |access| access.authentication = authentication);
            let taken = answer(&caller, call).await;
            assert_eq!(taken.result, Ok(200), "{taken:?}");
            assert!(taken.response_excerpt.contains(how));
        }
        let expected =
            ["token", "protected", "protected", "protected"].map(|what| (what.to_owned(), 200));
        assert_eq!(server.log().await, expected);
    }
}

#[tokio::test]
async fn scopes_and_audience_are_what_the_token_is_for() {
    let server = Server::start();
    for (change, expected) in [
        (0, Ok(401)),
        (1, Ok(401)),
        (2, Err(Reason::AuthorizationFailed)),
        (3, Err(Reason::AuthorizationFailed)),
    ] {
        let call = with_token(&server, |access| match change {
            0 => access.audience = Some("https://other.example/".to_owned()),
            1 => access.scopes = vec!["files:read".to_owned()],
            2 => access.scopes = vec!["files:delete".to_owned()],
            _ => access.client_id = "another".to_owned(),
        });
        let taken = answer(&caller(), call).await;
        assert_eq!(taken.result, expected, "{taken:?}");
        let detail = taken.detail.unwrap_or_default();
        match change {
            2 => assert_eq!(
                detail,
                "the authorization server answered 400 (invalid_scope)"
            ),
            3 => assert_eq!(
                detail,
                "the authorization server answered 401 (invalid_client)"
            ),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_revoked_token_is_replaced_within_the_attempt_and_an_expired_one_before_it() {
    let server = Server::start();
    let caller = caller();
    answer(&caller, with_token(&server, |_| {})).await;
    server.control(r#"{"revoke": true}"#).await;
    let taken = answer(&caller, with_token(&server, |_| {})).await;
    assert_eq!(taken.result, Ok(200), "{taken:?}");
    let statuses: Vec<u64> = server
        .log()
        .await
        .into_iter()
        .map(|(_, status)| status)
        .collect();
    assert_eq!(statuses, [200, 200, 401, 200, 200]);
    server.control(r#"{"revoke": true, "life": 1}"#).await;
    answer(&caller, with_token(&server, |_| {})).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let taken = answer(&caller, with_token(&server, |_| {})).await;
    assert_eq!((taken.result, taken.detail), (Ok(200), None));
}
