//! Authorizer events of both payload versions: nobody is let in whose header is not the token.

use ::authorizer::{Tokens, answer};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};

/// The accepted value.
pub const TOKEN: &str = "Bearer 3f1d5c9e";

/// All that must hold for an event, as JSON.
///
/// # Panics
/// When something does not.
pub fn check(event: &[u8]) {
    if let Ok(event) = serde_json::from_slice(event) {
        lets_nobody_in_without_the_token(&event);
    }
}

/// The same for a parsed event; says whether it was allowed.
///
/// # Panics
/// When something does not hold.
pub fn lets_nobody_in_without_the_token(event: &Value) -> bool {
    let tokens = Tokens::from_values([TOKEN]);
    let answer = answer(
        &tokens,
        &LambdaEvent::new(event.clone(), Context::default()),
    );
    let allowed = match answer.get("isAuthorized") {
        Some(authorized) => {
            let authorized = authorized.as_bool().expect("a simple answer is a boolean");
            assert_eq!(answer, json!({"isAuthorized": authorized}));
            authorized
        }
        None => policy(&answer),
    };
    let none = answer_without_tokens(event);
    assert!(!none, "no configured token lets nobody in");
    if allowed {
        assert!(carries_the_token(event), "allowed without the token");
    }
    allowed
}

/// A policy of one statement; an `Allow` covers one stage of one API and nothing else.
fn policy(answer: &Value) -> bool {
    let document = &answer["policyDocument"];
    let statements = document["Statement"]
        .as_array()
        .expect("a policy has statements");
    let [statement] = &statements[..] else {
        panic!("{} statements", statements.len());
    };
    assert_eq!(document["Version"], "2012-10-17");
    assert_eq!(statement["Action"], "execute-api:Invoke");
    let resource = statement["Resource"]
        .as_str()
        .expect("a statement has a resource");
    match statement["Effect"].as_str() {
        Some("Deny") => false,
        Some("Allow") => {
            let scope = resource.strip_suffix("/*").expect("an API's stage");
            assert!(scope.starts_with("arn:"), "{resource}");
            assert!(!scope.contains(['*', '?']), "{resource} covers other APIs");
            assert_eq!(scope.split('/').count(), 2, "{resource}");
            true
        }
        other => panic!("effect {other:?}"),
    }
}

fn answer_without_tokens(event: &Value) -> bool {
    let event = LambdaEvent::new(event.clone(), Context::default());
    let answer = answer(&Tokens::default(), &event);
    answer["isAuthorized"] == json!(true)
        || answer["policyDocument"]["Statement"][0]["Effect"] == json!("Allow")
}

/// Read as loosely as can be: in one of the two maps the header is there once, and is the token.
fn carries_the_token(event: &Value) -> bool {
    ["headers", "multiValueHeaders"].into_iter().any(|map| {
        let members = event.get(map).and_then(Value::as_object);
        let named = members
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let values: Vec<&Value> = named
            .flat_map(|(_, value)| match value {
                Value::Array(values) => values.iter().collect(),
                value => vec![value],
            })
            .collect();
        values == [&json!(TOKEN)]
    })
}
