//! Events of API Gateway and of a load balancer, and what counts as the same call.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{SystemTime, UNIX_EPOCH};

use receiver::{Config, Receiver, Secrets};
use serde_json::{Map, Value, json};
use standardwebhooks::Webhook;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const BODY: &str = r#"{"version":"2.0","item":{"name":"a","source_info":{"item_id":"1"}}}"#;

fn receiver(secrets: &str, respond: &str) -> Receiver {
    Receiver::new(Config {
        secrets: Secrets::parse(secrets).unwrap(),
        script: respond.parse().unwrap(),
        ..Config::default()
    })
}

fn signed() -> Map<String, Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let webhook = Webhook::new(SECRET).unwrap();
    let signature = webhook.sign("msg_1", now, BODY.as_bytes()).unwrap();
    let headers = json!({
        "webhook-id": "msg_1", "webhook-timestamp": now.to_string(), "webhook-signature": signature,
    });
    headers.as_object().unwrap().clone()
}

fn listed(headers: &Map<String, Value>) -> Value {
    let lists = headers
        .iter()
        .map(|(name, value)| (name.clone(), json!([value])));
    Value::Object(lists.collect())
}

/// What each kind of front sends of the same request.
fn events(headers: &Map<String, Value>) -> [(&'static str, Value); 5] {
    [
        (
            "HTTP API, payload 2.0",
            json!({"version": "2.0", "rawPath": "/x", "headers": headers, "body": BODY, "isBase64Encoded": false}),
        ),
        (
            "HTTP API, payload 1.0, and REST API",
            json!({"resource": "/x", "path": "/x", "httpMethod": "POST", "headers": headers,
                "multiValueHeaders": listed(headers), "body": BODY, "isBase64Encoded": false}),
        ),
        (
            "REST API with lists only",
            json!({"resource": "/x", "path": "/x", "httpMethod": "POST", "headers": null,
                "multiValueHeaders": listed(headers), "body": BODY, "isBase64Encoded": false}),
        ),
        (
            "load balancer",
            json!({"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "POST", "path": "/x",
                "headers": headers, "body": BODY, "isBase64Encoded": false}),
        ),
        (
            "load balancer with lists of values",
            json!({"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "POST", "path": "/x",
                "multiValueHeaders": listed(headers), "body": BODY, "isBase64Encoded": false}),
        ),
    ]
}

#[test]
fn every_front_gets_its_answer_in_its_form() {
    for (front, event) in events(&signed()) {
        let answer = receiver(SECRET, "200").answer(&event);
        assert_eq!(answer["statusCode"], 200, "{front}: {answer}");
        // A load balancer that sends lists of values drops `headers` of an answer.
        let single = event["headers"].is_object();
        let (there, not) = if single {
            ("headers", "multiValueHeaders")
        } else {
            ("multiValueHeaders", "headers")
        };
        assert!(
            answer[there].is_object() && answer[not].is_null(),
            "{front}: {answer}"
        );
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(body["webhook_id"], "msg_1");
    }
}

#[test]
fn every_front_is_refused_without_its_signature() {
    let mut headers = signed();
    headers.insert("webhook-signature".to_owned(), json!("v1,AAAA"));
    for (front, event) in events(&headers) {
        let answer = receiver(SECRET, "200").answer(&event);
        assert_eq!(answer["statusCode"], 401, "{front}");
    }
    for missing in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        for value in [json!(""), json!("  "), json!(null), json!(7)] {
            let mut headers = signed();
            headers.insert(missing.to_owned(), value);
            for (front, event) in events(&headers) {
                let answer = receiver(SECRET, "200").answer(&event);
                assert_eq!(answer["statusCode"], 401, "{front}");
                let said = answer["body"].as_str().unwrap();
                assert!(said.contains("is missing"), "{front}: {said}");
            }
        }
    }
}

fn call(receiver: &Receiver, id: Value) -> (u64, Value) {
    let answer = receiver.answer(&json!({"headers": {"Webhook-Id": id}, "body": BODY}));
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["statusCode"].as_u64().unwrap(), body)
}

#[test]
fn calls_without_an_id_are_not_duplicates_of_each_other() {
    for none in [json!(null), json!(""), json!("  "), json!(7), json!([])] {
        let receiver = receiver("", "503,200");
        for _ in 0..3 {
            let (status, body) = call(&receiver, none.clone());
            // Each is a first call.
            assert_eq!(status, 503, "{none}");
            assert_eq!(
                body,
                json!({"received": "1", "webhook_id": null, "duplicate": false})
            );
        }
    }
    let always = receiver("", "200");
    for id in [json!(""), json!(null), json!("")] {
        assert_eq!(call(&always, id).1["duplicate"], false);
    }
}

#[test]
fn calls_with_the_same_id_are() {
    let receiver = receiver("", "503,200");
    let seen: Vec<_> = ["a", "b", "a", "a", "b"]
        .into_iter()
        .map(|id| {
            let (status, body) = call(&receiver, json!(id));
            (status, body["duplicate"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(
        seen,
        [
            (503, false),
            (503, false),
            (200, false),
            (200, true),
            (200, false)
        ]
    );
}
