//! What a stage may say about its requests: condition, body, headers, method, authorization, and what is repeated.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value, json};
use workflow::{
    Access, ClientAuthentication, Header, Method, RetryOn, STANDARD_WEBHOOKS, SigV4, StageSecrets,
    WebhookConfig, Workflow,
};

const EXAMPLE: &[u8] = include_bytes!("data/two_webhooks.json");

fn with(fields: &Value) -> Value {
    let mut document: Value = serde_json::from_slice(EXAMPLE).unwrap();
    let config = document["stages"][1]["config"].as_object_mut().unwrap();
    config.remove("authorization_header");
    config.remove("signing_secrets");
    for (name, value) in fields.as_object().unwrap() {
        config.insert(name.clone(), value.clone());
    }
    document
}

/// The stage's settings and its secrets, or everything that is wrong.
fn read(fields: &Value) -> Result<(WebhookConfig, StageSecrets), String> {
    let json = with(fields).to_string();
    let mut imported = Workflow::import(json.as_bytes()).map_err(|error| error.to_string())?;
    let stored = imported.workflow.to_json();
    let again = Workflow::import(&stored).unwrap();
    assert_eq!(again.workflow, imported.workflow, "it comes back");
    assert!(again.secrets.is_empty());
    let config = imported.workflow.stages[1].webhook.clone().unwrap();
    let own = |reference| config.secret_ref.as_ref() == Some(reference);
    let secrets = imported
        .secrets
        .iter()
        .position(|(reference, _)| own(reference));
    let secrets = secrets.map(|index| imported.secrets.swap_remove(index).1);
    Ok((config, secrets.unwrap_or_default()))
}

fn config(fields: Value) -> WebhookConfig {
    read(&fields)
        .unwrap_or_else(|error| panic!("{fields}: {error}"))
        .0
}

fn is_refused(fields: &Value, says: &str) {
    let said = read(fields).expect_err(&fields.to_string());
    assert!(
        said.contains("\"Notify\"") && said.contains(says),
        "{fields}: {said}"
    );
    assert!(!said.contains("planted"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn nothing_said_is_as_before() {
    let config = config(json!({}));
    assert_eq!(
        config,
        WebhookConfig {
            include_annotations: false,
            ..WebhookConfig::new(config.url.clone())
        }
    );
}

#[test]
fn method_condition_and_body() {
    assert_eq!(config(json!({"method": "PATCH"})).method, Method::Patch);
    is_refused(&json!({"method": "post"}), "\"POST\", \"PUT\" or \"PATCH\"");
    let condition = config(json!({"condition": "has_tag('x')"})).condition;
    assert_eq!(condition.as_deref(), Some("has_tag('x')"));
    is_refused(&json!({"condition": " "}), "its condition must be");
    is_refused(
        &json!({"condition": "x".repeat(4097)}),
        "its condition must be",
    );
    let body =
        config(json!({"body": "Hi {{ team }}", "content_type": "text/plain; charset=utf-8"}));
    let body = body.body.unwrap();
    assert_eq!(body.template, "Hi {{ team }}");
    assert_eq!(body.content_type, "text/plain; charset=utf-8");
    let body = config(json!({"body": {"text": "{{ item.name }}"}}))
        .body
        .unwrap();
    assert_eq!(body.content_type, "application/json");
    assert_eq!(body.template, "{\"text\": {{ ( item.name )|tojson }} }");
    is_refused(&json!({"body": 5}), "its body must be a template");
    is_refused(
        &json!({"body": "x".repeat(16 * 1024 + 1)}),
        "its body has 16385 bytes",
    );
    for wrong in ["json", "a/b/c", "text/plain\r\nx: y", "/", "text/ä"] {
        is_refused(
            &json!({"body": "x", "content_type": wrong}),
            "its content_type must be",
        );
    }
    is_refused(&json!({"content_type": "text/plain"}), "it has none");
}

#[test]
fn headers_of_its_own() {
    let (config, secrets) = read(&json!({"headers": {
        "X-Team": "labels & more", "X-Api-Key": {"secret": "planted"}
    }}))
    .unwrap();
    let header = |name: &str, value: Option<&str>| Header {
        name: name.to_owned(),
        value: value.map(str::to_owned),
    };
    assert_eq!(
        config.headers,
        [
            header("x-team", Some("labels & more")),
            header("x-api-key", None)
        ]
    );
    assert_eq!(secrets.headers["x-api-key"].expose_secret(), "planted");
    for name in [
        "Host",
        "webhook-id",
        "Content-Length",
        "Connection",
        "X-Amz-Date",
        "traceparent",
    ] {
        is_refused(&json!({"headers": {name: "x"}}), "is reserved");
    }
    is_refused(
        &json!({"headers": {"Authorization": "x"}}),
        "authorization_header",
    );
    for name in ["", "a b", "a:b", "ä", &"x".repeat(65)] {
        is_refused(&json!({"headers": {name: "x"}}), "cannot be sent");
    }
    for value in ["", " x", "x\r\ny: z", "ä", &"x".repeat(1025)] {
        is_refused(&json!({"headers": {"x": value}}), "its header");
        is_refused(
            &json!({"headers": {"x": {"secret": value}}}),
            "headers.x.secret",
        );
    }
    is_refused(&json!({"headers": {"x": "1", "X": "2"}}), "twice");
    is_refused(
        &json!({"headers": {"x": {"secrets": "planted"}}}),
        "must be text",
    );
    is_refused(&json!({"headers": ["x"]}), "must be an object");
    let eleven: serde_json::Map<_, _> = (0..11).map(|n| (format!("x-{n}"), json!("1"))).collect();
    is_refused(&json!({"headers": eleven}), "11 headers");
}

#[test]
fn what_is_repeated_and_when() {
    let config =
        config(json!({"retry_on": ["5xx", 408, "network"], "retry_delays": "standard-webhooks"}));
    assert_eq!(config.retry_delays.unwrap(), STANDARD_WEBHOOKS);
    let retry_on = config.retry_on.unwrap();
    assert_eq!(
        retry_on,
        RetryOn {
            network: true,
            classes: vec![5],
            statuses: vec![408]
        }
    );
    assert!(retry_on.has_status(503) && retry_on.has_status(408) && !retry_on.has_status(429));
    for wrong in [
        json!("5xx"),
        json!(["2xx"]),
        json!([200]),
        json!([600]),
        json!([4.5]),
    ] {
        is_refused(&json!({"retry_on": wrong}), "its retry_on must be a list");
    }
    is_refused(&json!({"retry_delays": "daily"}), "standard-webhooks");
    is_refused(&json!({"retry_delays": ["25h"]}), "each at most 24 h");
    let day = Duration::from_secs(24 * 3600);
    let (seven, eight) = (vec!["24h"; 7], vec!["24h"; 8]);
    assert_eq!(
        self::config(json!({"retry_delays": seven}))
            .retry_delays
            .unwrap(),
        [day; 7]
    );
    is_refused(&json!({"retry_delays": eight}), "192 h together");
    is_refused(
        &json!({"retry_delays": ["1s", "24h"], "max_retries": 20}),
        "together",
    );
    self::config(json!({"retry_delays": eight, "max_retries": 7}));
    self::config(json!({"max_retries": 20}));
}

#[test]
fn basic_is_a_fixed_value() {
    let (config, secrets) = read(&json!({"authorization": {
        "type": "basic", "username": "Aladdin", "password": "open sesame"
    }}))
    .unwrap();
    assert_eq!(config.access, None);
    // RFC 7617, section 2.
    let value = secrets.authorization.unwrap();
    assert_eq!(value.expose_secret(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    is_refused(
        &json!({"authorization": {"type": "basic", "password": "planted"}}),
        "username is missing",
    );
    is_refused(
        &json!({"authorization": {"type": "basic", "username": "a"}}),
        "password is missing",
    );
    is_refused(
        &json!({"authorization": {"type": "basic", "username": "a:b", "password": "planted"}}),
        "no colon",
    );
    is_refused(
        &json!({"authorization_header": "Bearer planted", "authorization": {"type": "aws_sigv4", "service": "lambda", "region": "eu-west-1"}}),
        "both authorization_header and authorization",
    );
    for wrong in [json!({}), json!({"type": "digest"}), json!("planted")] {
        is_refused(&json!({"authorization": wrong}), "authorization");
    }
}

#[test]
fn oauth() {
    let fields = json!({
        "type": "oauth2_client_credentials", "token_url": "https://login.example/token", "client_id": "stage",
        "client_secret": "planted", "scopes": ["a", "b:c"], "audience": "https://api.example",
        "client_authentication": "client_secret_post"
    });
    let (config, secrets) = read(&json!({"authorization": fields})).unwrap();
    let Some(Access::OAuth2(oauth)) = config.access else {
        panic!("{:?}", config.access)
    };
    assert_eq!(oauth.token_url, "https://login.example/token");
    assert_eq!(oauth.scopes, ["a", "b:c"]);
    assert_eq!(oauth.audience.as_deref(), Some("https://api.example"));
    assert_eq!(oauth.authentication, ClientAuthentication::Post);
    assert_eq!(secrets.client_secret.unwrap().expose_secret(), "planted");
    for (field, wrong) in [
        ("token_url", json!("login")),
        ("token_url", json!("https://u:planted@login.example/")),
        ("token_url", Value::Null),
        ("client_id", json!("")),
        ("client_secret", Value::Null),
        ("client_secret", json!(5)),
        ("scopes", json!("a")),
        ("scopes", json!(["a b"])),
        ("client_authentication", json!("none")),
    ] {
        let mut fields = fields.clone();
        fields[field] = wrong;
        is_refused(
            &json!({"authorization": fields}),
            &format!("authorization.{field}"),
        );
    }
}

#[test]
fn sigv4_knows_hosts_of_aws() {
    let sigv4 = |url: &str, more: Value| {
        let mut fields = json!({"type": "aws_sigv4"});
        for (name, value) in more.as_object().unwrap() {
            fields[name] = value.clone();
        }
        read(&json!({"url": url, "authorization": fields})).map(|(config, _)| config.access)
    };
    for (url, service, region) in [
        (
            "https://abc.lambda-url.eu-west-1.on.aws/",
            "lambda",
            "eu-west-1",
        ),
        (
            "https://ABC.execute-api.us-east-1.amazonaws.com/prod/x",
            "execute-api",
            "us-east-1",
        ),
        (
            "https://abc.execute-api.cn-north-1.amazonaws.com.cn/",
            "execute-api",
            "cn-north-1",
        ),
    ] {
        let expected = SigV4 {
            service: service.to_owned(),
            region: region.to_owned(),
        };
        assert_eq!(
            sigv4(url, json!({})),
            Ok(Some(Access::SigV4(expected))),
            "{url}"
        );
    }
    for url in [
        "https://hooks.example/",
        "https://lambda-url.eu-west-1.on.aws.example/",
    ] {
        assert!(
            sigv4(url, json!({}))
                .unwrap_err()
                .contains("needs a service")
        );
        let given = sigv4(
            url,
            json!({"service": "execute-api", "region": "eu-west-1"}),
        );
        assert!(matches!(given, Ok(Some(Access::SigV4(_)))), "{url}");
    }
    let wrong = sigv4(
        "https://hooks.example/",
        json!({"service": "Lambda", "region": "eu west"}),
    );
    assert!(wrong.unwrap_err().contains("lower-case"));
}

#[test]
fn a_client_certificate_is_secret() {
    let (config, secrets) = read(&json!({"client_certificate": {
        "certificate": "-----BEGIN CERTIFICATE-----", "key": "planted"
    }}))
    .unwrap();
    assert!(config.has_client_certificate);
    assert_eq!(secrets.client_key.unwrap().expose_secret(), "planted");
    is_refused(
        &json!({"client_certificate": {"key": "planted"}}),
        "certificate is missing",
    );
    is_refused(
        &json!({"client_certificate": "planted"}),
        "must be an object",
    );
}

#[test]
fn secrets_are_given_together_or_kept() {
    let kept = json!({"secret_ref": "known", "headers": {"x": {"secret": null}}});
    let (config, secrets) = read(&kept).unwrap();
    assert_eq!(config.secret_ref.unwrap().0, "known");
    assert!(secrets.is_empty());
    is_refused(
        &json!({"secret_ref": "known", "headers": {"x": {"secret": null}}, "authorization_header": "Bearer planted"}),
        "headers.x.secret is missing",
    );
    is_refused(
        &json!({"headers": {"x": {"secret": null}}}),
        "headers.x.secret is missing",
    );
}

#[test]
fn an_ed25519_key_may_sign() {
    for (key, is_accepted) in [
        ("whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true),
        ("whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", false),
        ("whpk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false),
    ] {
        assert_eq!(
            read(&json!({"signing_secrets": [key]})).is_ok(),
            is_accepted,
            "{key}"
        );
    }
}

#[test]
fn an_edge_for_skipped_files_is_known() {
    let mut document = with(&json!({"condition": "true"}));
    let edges = document["stages"][1]["edges"].as_array_mut().unwrap();
    let mut edge = edges[0].clone();
    edge["name"] = json!("skipped");
    edge["id"] = Value::Null;
    edges.push(edge);
    let warnings = |document: &Value| {
        let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
        imported
            .warnings
            .iter()
            .filter(|w| w.code() == "unused_edge")
            .count()
    };
    assert_eq!(warnings(&document), 0);
    document["stages"][1]["config"]["condition"] = Value::Null;
    assert_eq!(warnings(&document), 1);
}
