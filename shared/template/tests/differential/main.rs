//! What a template means here is what it means in MiniJinja: what both can run has the same outcome, and where only one
//! of them can, the difference is one that is wanted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../grammar/mod.rs"]
mod grammar;
mod reference;

use std::cell::RefCell;
use std::collections::BTreeMap;

use grammar::{Both, Parts, darwin, json, template, typed, wild};
use minijinja::ErrorKind;
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use template::fuzzing::context;
use template::{Body, BodyFormat, TemplateError};

/// What is an error here and none in MiniJinja: parts of our messages, and why.
const ONLY_THEIRS: &[(&str, &str)] = &[
    (
        "not defined",
        "what is missing is an error wherever it is used, also in a list, in `set` and as a key",
    ),
    (
        "something undefined",
        "the same in sums and in what is sorted",
    ),
    ("is no list", "a text has no items, and null is no list"),
    ("no order", "only numbers, or texts, are less or greater"),
    (
        "cannot be used with this sign",
        "only numbers can be multiplied, and true is no number",
    ),
    (
        "is no whole number",
        "only a number is odd, even or divisible",
    ),
    ("too large a number", "there is no infinity"),
    ("divided by 0", "the same"),
    (
        "is no number",
        "null is no number, and only what fits is a whole one",
    ),
    ("cannot be summed", "true is no number"),
    (
        "must be",
        "an argument is not taken for one of another kind",
    ),
];

/// What is an error in MiniJinja and none here.
fn only_ours(error: &minijinja::Error) -> Option<&'static str> {
    let message = error.to_string();
    if message.contains(reference::WANTED) {
        return Some("what the reference refuses: see there");
    }
    match error.kind() {
        ErrorKind::UndefinedError => {
            Some("a part of what is missing is missing, and in tests it equals nothing")
        }
        _ if message.contains("float literal") => Some("blanks around a number do no harm"),
        _ => None,
    }
}

/// Which difference it is; none if both do the same.
fn difference(
    both: &Both,
    document: &Value,
    format: BodyFormat,
) -> Result<Option<&'static str>, String> {
    let ours = Body::parse(&both.ours, format)
        .and_then(|body| body.render(&context(document.clone(), true)));
    let theirs = reference::render(&both.theirs, document, format);
    let found = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) if ours == theirs => return Ok(None),
        // What is no JSON is refused once it is made.
        (Err(TemplateError::NotJson { .. }), Ok(theirs)) => {
            return match serde_json::from_str::<Value>(theirs) {
                Ok(_) => Err(format!("it is JSON: {theirs}")),
                Err(_) => Ok(None),
            };
        }
        (Err(_), Err(_)) => Some("both fail"),
        (Ok(_), Ok(_)) => None,
        (Err(error), Ok(_)) => {
            let message = error.to_string();
            ONLY_THEIRS
                .iter()
                .find(|(part, _)| message.contains(part))
                .map(|(_, why)| *why)
        }
        (Ok(_), Err(error)) => only_ours(error),
    };
    match found {
        Some(found) => Ok(Some(found)),
        None => Err(format!(
            "{both:#?}\ndocument: {document}\nours: {ours:?}\ntheirs: {theirs:?}"
        )),
    }
}

/// Compares many templates, the same in each run. `TEMPLATES=100000` compares more.
fn compare(
    parts: &Parts,
    documents: impl Strategy<Value = Value>,
    cases: u32,
) -> BTreeMap<&'static str, usize> {
    let cases = std::env::var("TEMPLATES").map_or(cases, |cases| cases.parse().unwrap());
    let config = ProptestConfig {
        failure_persistence: None,
        cases,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let formats = prop::sample::select(&[BodyFormat::Text, BodyFormat::Json][..]);
    let counts = RefCell::new(BTreeMap::new());
    let strategy = (template(parts), documents, formats);
    TestRunner::new_with_rng(config, rng)
        .run(&strategy, |(both, document, format)| {
            let found = difference(&both, &document, format).map_err(TestCaseError::fail)?;
            *counts
                .borrow_mut()
                .entry(found.unwrap_or("the same"))
                .or_insert(0) += 1;
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    counts.into_inner()
}

#[test]
fn templates_of_kinds_that_go_together() {
    let counts = compare(&typed(), darwin(), 2_000);
    println!("{counts:#?}");
    let all: usize = counts.values().sum();
    assert!(counts["the same"] * 2 > all, "{counts:#?}");
}

#[test]
fn templates_of_anything() {
    let counts = compare(&wild(), prop_oneof![json(), darwin()], 2_000);
    println!("{counts:#?}");
}

/// What random templates seldom have.
#[test]
fn chosen_templates() {
    let numbers = [
        "0.5",
        "2.5",
        "-2.5",
        "2.675",
        "70.0",
        "50.0",
        "-4.0",
        "1e300",
        "5e-324",
        "123456789.5",
        "25",
        "-35",
        "0",
    ];
    let texts = [
        "ß é",
        "ΑΣ ΌΣΟΣ-ας",
        "it's (a) <b> [c]",
        "ǆ",
        "straße",
        "İi",
        "ﬂ",
        "a\tb\u{a0}c",
    ];
    let mut templates = Vec::new();
    for number in numbers {
        for places in -4..4 {
            templates.push(format!("{{{{ ({number})|round({places}) }}}}"));
        }
        for other in ["3", "-3", "0.1", "-0.7", "1e-3"] {
            templates.push(format!(
                "{{{{ ({number}) % ({other}) }}}} {{{{ ({number}) // ({other}) }}}}"
            ));
            templates.push(format!(
                "{{{{ ({number}) == ({other}) }}}} {{{{ ({number}) is even }}}}"
            ));
        }
    }
    for text in texts {
        for filter in [
            "upper",
            "lower",
            "title",
            "trim",
            "urlencode",
            "reverse",
            "split",
            "length",
        ] {
            templates.push(format!("{{{{ \"{text}\"|{filter} }}}}"));
        }
    }
    let document = Value::Null;
    for template in templates {
        let both = Both {
            ours: template.clone(),
            theirs: template.clone(),
        };
        let found = difference(&both, &document, BodyFormat::Text);
        assert_eq!(found, Ok(None), "{template}");
    }
}
