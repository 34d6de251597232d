use proptest::prelude::*;
use serde_json::{Value, json};
use tests::inputs::authorizer::{TOKEN, lets_nobody_in_without_the_token};

const REST: &str = "arn:aws:execute-api:eu-west-1:123456789012:abc/prod/POST/hook";
const HTTP: &str = "arn:aws:execute-api:eu-west-1:123456789012:abc/$default/POST/hook";

fn values() -> impl Strategy<Value = Value> {
    let near = [
        TOKEN.to_lowercase(),
        format!("{TOKEN} "),
        format!("{TOKEN},{TOKEN}"),
        format!("{TOKEN}\0"),
        TOKEN[..TOKEN.len() - 1].to_owned(),
    ];
    let one = prop_oneof![3 => Just(json!(TOKEN)), 2 => prop::sample::select(near.to_vec()).prop_map(Value::from), 1 => Just(json!(7)), 1 => Just(json!(null))];
    prop_oneof![2 => one.clone(), 1 => prop::collection::vec(one, 0..3).prop_map(Value::from)]
}

fn headers() -> impl Strategy<Value = Value> {
    let names = [
        "authorization",
        "Authorization",
        "AUTHORIZATION",
        "authorization ",
        "x-authorization",
        "host",
    ];
    let map = prop::collection::vec((prop::sample::select(names.to_vec()), values()), 0..3);
    prop_oneof![
        8 => map.prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Value>()),
        1 => Just(json!(null)),
        1 => values(),
    ]
}

fn event() -> impl Strategy<Value = Value> {
    let arns = [
        REST,
        HTTP,
        "arn:*:execute-api:*:*:abc/prod/GET/",
        "arn:aws:execute-api:r:1:a*/prod/GET/",
        "arn:aws:execute-api:r:1:abc/?/GET/",
        "arn:aws:s3:::b/k/x",
        "",
    ];
    let arn = || prop_oneof![3 => Just(REST), 3 => prop::sample::select(arns.to_vec())];
    let versions = prop::sample::select(vec![json!("2.0"), json!("1.0"), json!(2.0), json!(null)]);
    let kinds = prop::sample::select(vec![json!("REQUEST"), json!("TOKEN"), json!(null)]);
    (versions, kinds, arn(), arn(), headers(), headers()).prop_map(|(version, kind, method, route, headers, multi)| {
        json!({"version": version, "type": kind, "methodArn": method, "routeArn": route, "headers": headers, "multiValueHeaders": multi, "authorizationToken": TOKEN})
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_is_let_in_without_the_token(event in event()) {
        lets_nobody_in_without_the_token(&event);
    }

    #[test]
    fn whoever_has_the_token_is_let_in(name in "[aA][uU][tT][hH]orizatio[nN]", other in "[a-z-]{1,12}") {
        prop_assume!(other != "authorization");
        let headers = json!({&other: TOKEN, &name: TOKEN});
        let http = json!({"version": "2.0", "type": "REQUEST", "routeArn": HTTP, "headers": headers});
        prop_assert!(lets_nobody_in_without_the_token(&http));
        let rest = json!({"type": "REQUEST", "methodArn": REST, "headers": headers, "multiValueHeaders": {&name: [TOKEN]}});
        prop_assert!(lets_nobody_in_without_the_token(&rest));
    }
}
