//! Any template and any document: no panic, bounded work, clear errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use template::fuzzing::{check, context};
use template::{Body, BodyFormat, Context};

/// Names and signs of the language, and what is not of it.
const WORDS: &[&str] = &[
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{# ",
    " #}",
    "{%- ",
    " -%}",
    "for x in ",
    "endfor",
    "if ",
    "elif ",
    "else",
    "endif",
    "set x = ",
    "with x = ",
    "endwith",
    "raw",
    "endraw",
    "macro",
    "include",
    "recursive",
    "x",
    "y",
    "loop",
    "loop.index",
    "item",
    "item.name",
    "annotations",
    "document",
    "workflow.id",
    "attempt",
    "now",
    ".name",
    ".a",
    "[0]",
    "[-1]",
    "[::-1]",
    "['name']",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'a'",
    "\"é\"",
    "1",
    "0",
    "2.5",
    "-1",
    "99999999999999999999999999999999999999",
    "1e308",
    "none",
    "true",
    ",",
    ":",
    "|",
    "~",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "**",
    "==",
    "!=",
    "<",
    ">=",
    " in ",
    " not in ",
    " is ",
    " not ",
    " and ",
    " or ",
    " if ",
    " else ",
    "|upper",
    "|tojson",
    "|length",
    "|default('')",
    "|map(attribute='name')",
    "|map('upper')",
    "|selectattr('name', '==', 'car')",
    "|reject('odd')",
    "|sort",
    "|sort(attribute='name')",
    "|unique",
    "|groupby('name')",
    "|items",
    "|dictsort",
    "|join(', ')",
    "|replace('a', 'bb')",
    "|truncate(3)",
    "|first",
    "|last",
    "|list",
    "|sum",
    "|round(2)",
    "|int",
    "|float",
    "|date('%d %b %Y')",
    "|urlencode",
    "|reverse",
    "|split",
    "|min",
    "|max",
    "|title",
    "is defined",
    "is odd",
    "is divisibleby 3",
    "has_tag('Urgent')",
    "has_class('car')",
    "annotations_of('car')",
    "count('car')",
    "count_by_class()",
    "range(3)",
    "range(9, 0, -2)",
    "unknown",
    "\n",
    " ",
    "\"",
    "\\",
    "{\"a\": \"",
    "\"}",
    "text",
    "{{",
    "}}",
    "{%",
    "%}",
    "\u{0}",
    "𝄞",
];

const SIGNS: &[&str] = &[
    "~", "+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "in", "not in", "and", "or",
];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.concat())
}

/// Templates that are well formed for the most part.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(
        &[
            "x",
            "item",
            "item.name",
            "item.slots",
            "annotations",
            "document",
            "attempt",
            "now",
            "1",
            "-7",
            "2.5",
            "'a'",
            "\"é\\n\"",
            "none",
            "true",
            "[]",
            "{}",
            "count('car')",
            "count_by_class()",
            "range(9)",
            "annotations_of('car')",
            "item.missing.more",
            "99999999999999999999",
        ][..],
    );
    leaf.prop_map(str::to_owned)
        .prop_recursive(5, 40, 3, |inner| {
            let filters: Vec<&str> = WORDS
                .iter()
                .copied()
                .filter(|word| word.starts_with('|') && word.len() > 1)
                .collect();
            prop_oneof![
                (inner.clone(), prop::sample::select(filters))
                    .prop_map(|(of, filter)| format!("({of}){filter}")),
                (inner.clone(), prop::sample::select(SIGNS), inner.clone())
                    .prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
                (inner.clone(), inner.clone()).prop_map(|(of, key)| format!("({of})[{key}]")),
                (inner.clone(), inner.clone())
                    .prop_map(|(from, to)| format!("annotations[{from}:{to}]")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(", "))),
                (inner.clone(), inner.clone())
                    .prop_map(|(a, b)| format!("{{'a': {a}, 'name': {b}}}")),
                inner.clone().prop_map(|of| format!("not ({of})")),
                inner.prop_map(|of| format!("-({of})")),
            ]
        })
}

fn template() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        expression().prop_map(|of| format!("{{{{ {of} }}}}")),
        expression().prop_map(|of| format!("\"{{{{ {of}|tojson }}}}\"")),
        "[a-z\\[\\]{}\", ]{0,8}",
        expression().prop_map(|of| format!("{{% set x = {of} %}}")),
    ];
    let statement = leaf.prop_recursive(3, 16, 4, |inner| {
        let body = prop::collection::vec(inner, 0..4).prop_map(|parts| parts.concat());
        prop_oneof![
            (expression(), body.clone(), body.clone()).prop_map(|(of, a, b)| format!(
                "{{% for x in {of} %}}{a}{{% else %}}{b}{{% endfor %}}"
            )),
            (expression(), expression(), body.clone()).prop_map(|(of, only, a)| format!(
                "{{% for x in {of} if {only} %}}{a}{{{{ loop.index }}}}{{% endfor %}}"
            )),
            (expression(), body.clone(), body.clone())
                .prop_map(|(of, a, b)| format!("{{% if {of} %}}{a}{{% else %}}{b}{{% endif %}}")),
            (expression(), body)
                .prop_map(|(of, a)| format!("{{% with x = {of} %}}{a}{{% endwith %}}")),
        ]
    });
    let statements = prop::collection::vec(statement, 0..5);
    statements.prop_map(|parts| format!("{{% set x = 3 %}}{}", parts.concat()))
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec(("(name|a|tag|frames|properties|.{0,4})", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn any_context() -> impl Strategy<Value = Context> {
    let document = prop_oneof![
        Just(support::document()),
        json(),
        (json(), json())
            .prop_map(|(item, annotations)| json!({"item": item, "annotations": annotations})),
        (json(), prop::collection::vec(json(), 0..4))
            .prop_map(|(item, annotations)| json!({"item": item, "annotations": annotations})),
    ];
    (document, prop::bool::weighted(0.8)).prop_map(|(document, whole)| context(document, whole))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(template in ".{0,80}", context in any_context()) {
        check(&template, &context);
    }

    #[test]
    fn any_words(template in words(), context in any_context()) {
        check(&template, &context);
    }

    #[test]
    fn any_template(template in template(), context in any_context()) {
        check(&template, &context);
    }

    #[test]
    fn any_expression(template in expression(), context in any_context()) {
        check(&template, &context);
    }

    /// Whatever a text is, JSON around it stays JSON.
    #[test]
    fn a_text_is_always_escaped(name in any::<String>()) {
        let context = context(json!({"item": {"name": name}}), true);
        let body = Body::parse(r#"{"a": "File {{ item.name }}!", "b": {{ item.name|tojson }}, "c": {{ item }}}"#, BodyFormat::Json).unwrap();
        let body: Value = serde_json::from_str(&body.render(&context).unwrap()).unwrap();
        prop_assert_eq!(&body["a"], &json!(format!("File {name}!")));
        prop_assert_eq!(&body["b"], &json!(name));
        prop_assert_eq!(&body["c"], &json!({"name": name}));
    }

    /// A document comes out as it went in.
    #[test]
    fn a_document_stays_the_same(document in json()) {
        let context = context(document.clone(), true);
        let body = Body::parse("{{ document|tojson }}", BodyFormat::Json).unwrap();
        let body: Value = serde_json::from_str(&body.render(&context).unwrap()).unwrap();
        prop_assert_eq!(body, document);
    }
}

/// Most of what the generators make must run, or they prove nothing.
#[test]
fn the_generated_templates_are_templates() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let context = support::whole(support::document());
    let (mut parsed, mut rendered) = (0, 0);
    for _ in 0..300 {
        let template = template().new_tree(&mut runner).unwrap().current();
        if let Ok(body) = Body::parse(&template, BodyFormat::Text) {
            parsed += 1;
            rendered += usize::from(body.render(&context).is_ok());
        }
    }
    println!("{parsed} of 300 parsed, {rendered} rendered");
    assert!(
        parsed > 200 && rendered > 50,
        "{parsed} parsed, {rendered} rendered"
    );
}
