//! Both payload versions, by example and with any JSON at all.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use authorizer::{Tokens, answer};
use lambda_runtime::{Context, LambdaEvent};
use proptest::prelude::*;
use serde_json::{Value, json};

const TOKEN: &str = "Bearer 3f1d5c9e-planted-token";

fn ask(event: Value) -> Value {
    answer(
        &Tokens::from_values([TOKEN]),
        &LambdaEvent::new(event, Context::default()),
    )
}

fn http_event(headers: Value) -> Value {
    json!({
        "version": "2.0", "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/$default/POST/hook",
        "identitySource": [TOKEN], "routeKey": "POST /hook", "headers": headers,
    })
}

fn rest_event(headers: Value, multi: Value) -> Value {
    json!({
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/POST/hook/a",
        "headers": headers, "multiValueHeaders": multi,
    })
}

#[test]
fn http_api_gets_a_simple_response() {
    assert_eq!(
        ask(http_event(json!({"authorization": TOKEN}))),
        json!({"isAuthorized": true})
    );
    for headers in [
        json!({"authorization": "Bearer other"}),
        json!({"authorization": format!("{TOKEN},{TOKEN}")}),
        json!({"authorization": 7}),
        json!({"x-authorization": TOKEN}),
        json!({}),
        json!(null),
    ] {
        assert_eq!(
            ask(http_event(headers.clone())),
            json!({"isAuthorized": false}),
            "{headers}"
        );
    }
}

#[test]
fn rest_api_gets_a_policy_for_its_stage() {
    let allowed = ask(rest_event(json!({"Authorization": TOKEN}), json!(null)));
    assert_eq!(
        allowed,
        json!({
            "principalId": "webhook-stage",
            "policyDocument": {"Version": "2012-10-17", "Statement": [{
                "Action": "execute-api:Invoke", "Effect": "Allow",
                "Resource": "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/*",
            }]},
        })
    );
    let twice = json!({"Authorization": [TOKEN, TOKEN]});
    for denied in [
        rest_event(json!({"Authorization": "Bearer other"}), json!(null)),
        rest_event(json!({"Authorization": TOKEN}), twice),
        rest_event(json!(null), json!(null)),
    ] {
        let answer = ask(denied);
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
    }
}

/// A REST API's event, an HTTP API's in payload format 1.0, and one in 2.0.
#[test]
fn lists_of_values_alone_are_read() {
    let events = |lists: Value| {
        let mut one = rest_event(json!(null), lists.clone());
        one["version"] = json!("1.0");
        let mut two = http_event(json!(null));
        two["multiValueHeaders"] = lists.clone();
        [rest_event(json!(null), lists), one, two]
    };
    let is_allowed = |event| {
        let answer = ask(event);
        answer["isAuthorized"] == json!(true)
            || answer["policyDocument"]["Statement"][0]["Effect"] == json!("Allow")
    };
    for event in events(json!({"AUTHORIZATION": [TOKEN], "host": ["x"]})) {
        assert!(is_allowed(event.clone()), "{event}");
    }
    for lists in [
        json!({"authorization": [TOKEN, TOKEN]}),
        json!({"authorization": ["Bearer other"]}),
        json!({"authorization": [TOKEN], "Authorization": [TOKEN]}),
        json!({"authorization": [7]}),
        json!({"authorization": []}),
        json!({"authorization": null}),
        json!([TOKEN]),
    ] {
        for event in events(lists) {
            assert!(!is_allowed(event.clone()), "{event}");
        }
    }
}

#[test]
fn a_malformed_arn_denies_everything() {
    for arn in [
        "",
        "arn:aws:execute-api:r:a:api",
        "arn:aws:execute-api:r:a:*/prod/GET/",
        "arn:aws:execute-api:*:a:api/prod/GET/",
        "arn:aws:execute-api:r:a:ap?/prod/GET/",
        "arn:aws:execute-api:r:a/b:api/prod/GET/",
        "x",
    ] {
        let mut event = rest_event(json!({"Authorization": TOKEN}), json!(null));
        event["methodArn"] = json!(arn);
        let answer = ask(event);
        let statement = &answer["policyDocument"]["Statement"][0];
        assert_eq!(
            (&statement["Effect"], &statement["Resource"]),
            (&json!("Deny"), &json!("*"))
        );
    }
}

#[test]
fn an_unknown_event_is_denied() {
    let tokens =
        json!({"authorizationToken": TOKEN, "type": "TOKEN", "headers": {"authorization": TOKEN}});
    for event in [
        json!(null),
        json!([]),
        json!("x"),
        tokens,
        json!({"version": "1.0"}),
    ] {
        assert_eq!(ask(event), json!({"isAuthorized": false}));
    }
}

#[test]
fn debug_prints_show_no_token() {
    let printed = format!("{:?}", Tokens::from_values([TOKEN]));
    assert!(!printed.contains("planted"), "{printed}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,40}".prop_map(Value::from),
        Just(json!("2.0")),
        Just(json!("REQUEST")),
        Just(json!("arn:aws:execute-api:r:1:api/stage/GET/x")),
    ];
    let key = prop_oneof![
        Just("headers".to_owned()),
        Just("multiValueHeaders".to_owned()),
        Just("authorization".to_owned()),
        Just("Authorization".to_owned()),
        Just("version".to_owned()),
        Just("type".to_owned()),
        Just("routeArn".to_owned()),
        Just("methodArn".to_owned()),
        "[a-z]{1,8}",
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_event_without_the_token_is_allowed(event in any_json()) {
        let answer = ask(event);
        let allowed = answer["isAuthorized"] == json!(true)
            || answer["policyDocument"]["Statement"][0]["Effect"] == json!("Allow");
        prop_assert!(!allowed, "{answer}");
    }
}
