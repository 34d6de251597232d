//! What a call would send, seen without a call.

use delivery::Reason;
use delivery::ports::Call;
use webhook::NoPreview;
use workflow::{Access, Header, Method, OAuth2, SigV4, StageSecrets};

use crate::support::{Reader, Receiver, call, caller};
use crate::{received, signed};

fn planted(url: &str) -> Call<Reader> {
    let mut call = call(url);
    call.config.method = Method::Put;
    call.config.headers = vec![
        Header {
            name: "x-plain".to_owned(),
            value: Some("plain".to_owned()),
        },
        Header {
            name: "x-key".to_owned(),
            value: None,
        },
    ];
    let key = ("x-key".to_owned(), "planted-key-value".into());
    call.secrets = StageSecrets {
        headers: [key].into_iter().collect(),
        ..signed()
    };
    call
}

/// The preview and the call have the same headers and the same body.
#[tokio::test]
async fn it_is_what_is_sent() {
    let (receiver, _) = Receiver::keeping().await;
    let preview = caller().preview(&planted(&receiver.url())).await.unwrap();
    assert_eq!(receiver.accepted(), 0);
    let sent = received(planted(&receiver.url())).await;
    assert_eq!(sent.line, "PUT /hook HTTP/1.1");
    assert_eq!(sent.headers["x-key"], "planted-key-value");
    assert_eq!(sent.headers["x-plain"], "plain");
    assert_eq!(preview.method, Method::Put);
    assert_eq!(preview.body.as_deref(), Some(&sent.body[..]));
    assert_eq!(preview.length, sent.body.len() as u64);
    for (name, value) in &preview.headers {
        let secret = ["authorization", "webhook-signature", "x-key"].contains(&name.as_str());
        match name.as_str() {
            "host" => {}
            _ if secret => assert_eq!(value, "[secret]"),
            _ => assert_eq!(value, &sent.headers[name], "{name}"),
        }
    }
    // The client adds it.
    let names = sent.headers.keys().filter(|name| *name != "accept");
    assert_eq!(names.count(), preview.headers.len());
}

#[tokio::test]
async fn it_has_no_secret_and_asks_nobody() {
    let url = "https://receiver.test/planted-path-of-a-secret/x?token=planted";
    for (access, shown) in [
        (
            Access::OAuth2(OAuth2 {
                token_url: "http://127.0.0.1:1/".to_owned(),
                client_id: "id".to_owned(),
                scopes: Vec::new(),
                audience: None,
                authentication: Default::default(),
            }),
            "Bearer [token]",
        ),
        (
            Access::SigV4(SigV4 {
                service: "lambda".to_owned(),
                region: "eu-west-1".to_owned(),
            }),
            "AWS4-HMAC-SHA256 [signature for lambda in eu-west-1]",
        ),
    ] {
        let mut call = planted(url);
        call.secrets.authorization = None;
        call.config.access = Some(access);
        let preview = caller().preview(&call).await.unwrap();
        let authorization = ("authorization".to_owned(), shown.to_owned());
        assert!(preview.headers.contains(&authorization));
        assert!(!format!("{preview:?}").contains("planted"), "{preview:?}");
    }
}

#[tokio::test]
async fn what_would_fail_is_told() {
    for (change, expected) in [
        (0, Reason::ForbiddenAddress),
        (1, Reason::SecretMissing),
        (2, Reason::SecretMissing),
    ] {
        let mut call = planted("https://receiver.test/");
        match change {
            0 => call.config.url = "http://10.0.0.1/planted".to_owned(),
            1 => call.secrets.headers.clear(),
            _ => call.config.has_client_certificate = true,
        }
        let error = caller().preview(&call).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("planted"));
        assert!(matches!(error, NoPreview::Reason { reason, .. } if reason == expected));
    }
}
