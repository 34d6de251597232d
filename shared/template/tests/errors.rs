//! What an error of a template says, and where.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::json;
use support::{document, whole};
use template::fuzzing::context;
use template::{Body, BodyFormat, TemplateError};

fn render(template: &str, format: BodyFormat) -> Result<String, TemplateError> {
    Body::parse(template, format)?.render(&whole(document()))
}

#[test]
fn errors_say_what_and_where() {
    for (template, code, message) in [
        (
            "a\n{{ item.nmae }}",
            "template_failed",
            "line 2, column 4: item.nmae is not defined: if it may be missing, write |default(…) or test it with \"is defined\"",
        ),
        (
            "{{ x }}",
            "template_unknown",
            "line 1, column 4: there is no name \"x\"; there are document, item, annotations, team, workflow, stage, attempt, delivery_id, now",
        ),
        (
            "é{{ team|uper }}",
            "template_unknown",
            "line 1, column 10: there is no filter \"uper\"; there are abs,",
        ),
        (
            "{{ team is odd2 }}",
            "template_unknown",
            "line 1, column 12: there is no test \"odd2\"",
        ),
        (
            "{{ has_tags('a') }}",
            "template_unknown",
            "line 1, column 4: there is no function \"has_tags\"; there are has_tag,",
        ),
        (
            "{{ item.name.upper() }}",
            "template_forbidden",
            "line 1, column 8: methods cannot be called here: write the filter, …|upper",
        ),
        (
            "{% if team %}",
            "template_syntax",
            "line 1, column 12: the template ends too early: %}, {% endif %} or {% endfor %} is missing",
        ),
        (
            "{{ 1 + }}",
            "template_syntax",
            "line 1, column 8: unexpected end of variable block",
        ),
        (
            "{{ team + 1 }}",
            "template_failed",
            "line 1, column 4: a text and a number cannot be used with this sign",
        ),
        (
            "{{ team < 1 }}",
            "template_failed",
            "line 1, column 4: a text and a number have no order",
        ),
        (
            "{{ item.a == 1 }}",
            "template_failed",
            "line 1, column 4: item.a is not defined",
        ),
        (
            "{% for x in item.a %}{% endfor %}",
            "template_failed",
            "line 1, column 13: item.a is not defined",
        ),
        (
            "{% for x in team %}{% endfor %}",
            "template_failed",
            "line 1, column 13: a text is no list",
        ),
        (
            "{% for a, b in [1] %}{% endfor %}",
            "template_failed",
            "line 1, column 16: 2 names are set, to a number: a list of as many is needed",
        ),
        (
            "{{ team|replace('a') }}",
            "template_failed",
            "line 1, column 9: the argument new is missing",
        ),
        (
            "{{ team|upper(1) }}",
            "template_failed",
            "line 1, column 9: too many arguments",
        ),
        (
            "{{ team|sort(by=1) }}",
            "template_failed",
            "line 1, column 9: there is no argument by",
        ),
        (
            "{{ now|date('%Q') }}",
            "template_failed",
            "line 1, column 8: date does not know %Q",
        ),
        (
            "{{ team|date }}",
            "template_failed",
            "line 1, column 9: this is no time",
        ),
        (
            "{{ annotations|map(attribute='tag')|list }}",
            "template_failed",
            "line 1, column 16: tag is not defined in an item: write default=…",
        ),
    ] {
        let error = render(template, BodyFormat::Text).unwrap_err();
        let shown = error.to_string();
        assert_eq!(error.code(), code, "{template}: {shown}");
        assert!(shown.starts_with(message), "{template}: {shown}");
    }
}

#[test]
fn a_body_that_is_no_json_is_shown() {
    let error = render("{\n  \"a\": {{ item.name }}\n}", BodyFormat::Json).unwrap_err();
    assert_eq!(error.code(), "template_not_json");
    assert_eq!(
        error.to_string(),
        "line 2, column 8 of the body: not JSON: expected value, at \"{\\n  \\\"a\\\": photo \\\\\\\"7\\\\\\\".jpg\\n}\""
    );
    let long = format!("{{\"a\": \"{}\", \"b\": é }}", "ü".repeat(500));
    let error = render(&long, BodyFormat::Json).unwrap_err();
    let TemplateError::NotJson { excerpt, at, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((at.line, at.column), (1, 516));
    assert!(
        excerpt.chars().count() <= 40 && excerpt.contains("\"b\": é"),
        "{excerpt}"
    );
    for (body, ok) in [
        ("", false),
        ("1 2", false),
        ("[1,]", false),
        (" [1] ", true),
        ("\"a\"", true),
        ("nan", false),
    ] {
        assert_eq!(render(body, BodyFormat::Json).is_ok(), ok, "{body}");
    }
}

#[test]
fn no_message_shows_a_long_value() {
    let long = "secret".repeat(100);
    let context = context(
        json!({"item": {"name": long, "list": [long]}, "annotations": []}),
        true,
    );
    for template in [
        "{{ item.name + 1 }}",
        "{{ item.name|int }}",
        "{{ item.name|date }}",
        "{{ item[item.name] }}",
        "{{ -item.name }}",
        "{{ item.list|map(item.name) }}",
        "{{ item.list|select(item.name) }}",
        "{{ item.list|map(attribute=item.name) }}",
        "{% for a, b in item.list %}{% endfor %}",
        "{{ now|date(item.name) }}",
        "{{ item.name < 1 }}",
        "{{ item.name }}",
    ] {
        for format in [BodyFormat::Json, BodyFormat::Text] {
            let body = Body::parse(template, format).unwrap();
            if let Err(error) = body.render(&context) {
                assert!(
                    !error.to_string().contains(&"secret".repeat(7)),
                    "{template}: {error}"
                );
            }
        }
    }
}
