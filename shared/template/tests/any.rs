//! Any template and any document: no panic, bounded work, clear errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod grammar;
mod support;

use grammar::{json, mixed, template};
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

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.concat())
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
    fn any_template(template in template(&mixed()).prop_map(|both| both.ours), context in any_context()) {
        check(&template, &context);
    }

    #[test]
    fn any_expression(template in mixed().any.prop_map(|both| both.ours), context in any_context()) {
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
        let template = template(&mixed())
            .new_tree(&mut runner)
            .unwrap()
            .current()
            .ours;
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
