//! What templates and conditions mean.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use serde_json::{Value, json};
use support::{document, whole};
use template::fuzzing::context;
use template::{Body, BodyFormat, Condition, TemplateError};

fn render(template: &str, format: BodyFormat) -> Result<String, TemplateError> {
    Body::parse(template, format)?.render(&whole(document()))
}

fn text(template: &str) -> String {
    render(template, BodyFormat::Text).unwrap_or_else(|error| format!("{}: {error}", error.code()))
}

/// They are kept and shared between tasks.
#[test]
fn everything_can_be_shared() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Condition>();
    shared::<Body>();
    shared::<template::Context>();
    shared::<TemplateError>();
}

#[test]
fn expressions() {
    for (template, expected) in [
        // Names
        ("{{ item.name }}", "photo \"7\".jpg"),
        ("{{ document.item.source_info.team.slug }}", "e2e-testing"),
        (
            "{{ team }} {{ workflow.name }} {{ stage.name }} {{ attempt }}",
            "e2e-testing Cars Tell Slack 1",
        ),
        ("{{ workflow.id }}", "7194e3c3-04a7-55ae-b99e-90a213025b86"),
        ("{{ delivery_id }}", "fee9e4d4-c314-5971-9e5c-61ffcb541993"),
        ("{{ annotations|length }}", "4"),
        (
            "{{ item.slots[0].width }}x{{ item['slots'][-1]['height'] }}",
            "1920x1080",
        ),
        // The annotations
        (
            "{{ has_tag('Urgent') }} {{ has_tag('car') }} {{ has_tag('none') }}",
            "true false false",
        ),
        (
            "{{ has_class('car') }} {{ has_class('cat') }}",
            "true false",
        ),
        ("{{ count('car') }} {{ count('cat') }}", "2 0"),
        (
            "{{ count_by_class() }}",
            r#"{"Urgent":1,"car":2,"person":1}"#,
        ),
        (
            "{{ annotations_of('car')|map(attribute='id')|join('+') }}",
            "b+c",
        ),
        (
            "{{ annotations_of('car')|sum(attribute='bounding_box.w') }}",
            "35.0",
        ),
        (
            "{% for name, number in count_by_class()|items %}{{ name }}={{ number }};{% endfor %}",
            "Urgent=1;car=2;person=1;",
        ),
        (
            "{% for name, number in count_by_class()|dictsort(by='value', reverse=true) %}{{ name }} {% endfor %}",
            "car Urgent person ",
        ),
        (
            "{% for name, all in annotations|groupby('name') %}{{ name }}{{ all|length }} {% endfor %}",
            "car2 person1 Urgent1 ",
        ),
        (
            "{{ annotations|selectattr('name', '==', 'car')|list|length }}",
            "2",
        ),
        (
            "{{ annotations|selectattr('polygon')|map(attribute='name')|first }}",
            "person",
        ),
        (
            "{{ annotations|selectattr('polygon', 'defined')|map(attribute='name')|list }}",
            "[\"person\"]",
        ),
        (
            "{{ annotations|rejectattr('bounding_box')|map(attribute='id')|list }}",
            "[\"a\",\"d\"]",
        ),
        (
            "{{ annotations|map(attribute='name')|unique|sort(reverse=true)|join(', ') }}",
            "Urgent, person, car",
        ),
        (
            "{{ annotations|map(attribute='properties.0.value', default='-')|join }}",
            "---adult",
        ),
        // Numbers
        (
            "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 2 ** -1 }}",
            "3 -4 2 3.5 1024 0.5",
        ),
        (
            "{{ 1 + 2 * 3 - -1 }} {{ 1.5 + 1 }} {{ 10 / 5 }}",
            "8 2.5 2.0",
        ),
        (
            "{{ 2.567|round(1) }} {{ 2.5|round|int }} {{ '12'|int + 1 }} {{ 'x'|int(0) }} {{ -3|abs }}",
            "2.6 2 13 0 3",
        ),
        (
            "{{ [3, 1, 2]|sort }} {{ [3, 1, 2]|max }} {{ [3, 1, 2]|min }} {{ [1, 2.5]|sum }}",
            "[1,2,3] 3 1 3.5",
        ),
        (
            "{{ 0.5|round }} {{ 1.5|round }} {{ 2.675|round(2) }} {{ 25|round(-1) }} {{ 35|round(-1) }} {{ 250.0|round(-2) }} {{ 70.0|round(-2) }} {{ -4.0|round(-1) }}",
            "0.0 2.0 2.67 20 40 200.0 100.0 -0.0",
        ),
        (
            "{{ 5.5 % -2 }} {{ -0.5 % 3 }} {{ 9007199254740993 == 9007199254740992.0 }} {{ 4.0 is even }} {{ 2.5 is odd }}",
            "-0.5 2.5 false true false",
        ),
        // Texts
        (
            "{{ 'a' ~ 1 ~ none ~ true ~ [1, 'b'] }}",
            "a1nulltrue[1,\"b\"]",
        ),
        (
            "{{ 'straße'|upper }} {{ 'hello wORLD'|title }} {{ 'aB'|capitalize }} [{{ ' a '|trim }}]",
            "STRASSE Hello World Ab [a]",
        ),
        (
            "{{ \"it's (a) b-c\"|title }} {{ 'ßx'|capitalize }} {{ 'ΑΣ ας'|title }}",
            "It's (A) B-C Ssx Ας Ας",
        ),
        (
            "{{ 'a-b-c'|replace('-', '+') }} {{ 'a-b-c'|replace('-', '', 1) }} {{ 'a-b'|split('-') }}",
            "a+b+c ab-c [\"a\",\"b\"]",
        ),
        (
            "{{ 'abcdef'|truncate(4) }} {{ 'abcd'|truncate(4) }} {{ 'äöü'|length }} {{ 'abc'[1] }} {{ 'abc'[::-1] }}",
            "abc… abcd 3 b cba",
        ),
        ("{{ 'a b/ü&'|urlencode }}", "a%20b/%C3%BC%26"),
        (
            "{{ 'B' in 'aBc' }} {{ 'b' not in 'aBc' }} {{ 2 in [1, 2] }} {{ 'name' in item }}",
            "true true true true",
        ),
        // Dates
        (
            "{{ now|date }} {{ now|date('%d %b %Y') }} {{ now|date('%A %e %B %y %I:%M %p %%') }}",
            "2026-09-21 21 Sep 2026 Monday 21 September 26 02:13 PM %",
        ),
        (
            "{{ 0|date('%F %T %s') }} {{ 951782400|date('%F %a') }} {{ -1|date('%F %T') }}",
            "1970-01-01 00:00:00 0 2000-02-29 Tue 1969-12-31 23:59:59",
        ),
        (
            "{{ '2024-02-29T23:30:00.5-01:00'|date('%F %T') }} {{ '2024-03-01'|date('%s') }}",
            "2024-03-01 00:30:00 1709251200",
        ),
        // Lists
        (
            "{{ [1, 2, 3, 4][1:3] }} {{ [1, 2, 3][-2:] }} {{ [1, 2, 3][::-1] }} {{ [1, 2, 3][5:] }}",
            "[2,3] [2,3] [3,2,1] []",
        ),
        (
            "{{ range(3) }} {{ range(3, 0, -1) }} {{ [1] + [2] }} {{ [1, 2]|reverse }} {{ [1, 2]|last }}",
            "[0,1,2] [3,2,1] [1,2] [2,1] 2",
        ),
        (
            "{{ range(9)|select('divisibleby', 3)|list }} {{ ['a', 'B']|map('upper')|join }}",
            "[0,3,6] AB",
        ),
        (
            "{{ {'a': 1, 'b': [true]} }} {{ {'a': 1}.a }} {{ {'a': {'b': 2}}['a'].b }}",
            "{\"a\":1,\"b\":[true]} 1 2",
        ),
        (
            "{{ [1, [2]] == [1.0, [2]] }} {{ {'a': 1} == {'a': 2} }} {{ 1 < 2 <= 2 }} {{ 1 == true }}",
            "true false true false",
        ),
        (
            "{{ {'b': 1, 'a': 2}|last }} {% for name, all in [{'n': 'b'}, {'n': 'A'}, {'n': 'B'}, {}]|groupby('n', default='c') %}{{ name }}{{ all|length }}{% endfor %}",
            "a A1b2c1",
        ),
        (
            "{% for name, all in [{'n': 'b'}, {'n': 'B'}]|groupby('n', case_sensitive=true) %}{{ name }}{{ all|length }}{% endfor %}",
            "B1b1",
        ),
        // Statements
        (
            "{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }}{{ ', ' if not loop.last }}{% endfor %}",
            "1/2, 2/2",
        ),
        (
            "{% for x in range(6) if x is odd %}{{ x }}{% endfor %}{% for x in [] %}{% else %}none{% endfor %}",
            "135none",
        ),
        (
            "{% set x = 1 %}{% for y in [2] %}{% set x = y %}{% endfor %}{{ x }}{% if true %}{% set x = 3 %}{% endif %}{{ x }}",
            "13",
        ),
        (
            "{% with a = 1, b = a + 1 %}{{ a }}{{ b }}{% endwith %}{% set c, d = [3, 4] %}{{ c }}{{ d }}",
            "1234",
        ),
        (
            "{% for item in annotations %}{{ item.id }}{% endfor %}{{ item.path }}",
            "abcd/",
        ),
        (
            "{% if count('car') > 3 %}a{% elif has_tag('Urgent') %}b{% else %}c{% endif %}",
            "b",
        ),
        (
            "{# note #}{% raw %}{{ x }}{% endraw %} {{- ' a ' -}} b",
            "{{ x }} a b",
        ),
        (
            "{% for name in {'b': 1, 'a': 2} %}{{ name }}{% endfor %}",
            "ba",
        ),
        // What is missing
        (
            "{{ item.a is defined }} {{ item.a.b.c is undefined }} {{ item.a.b|default('-') }} {{ item.a|d(item.b)|d(1) }}",
            "false true - 1",
        ),
        (
            "{{ 'x' if item.a.b else 'y' }} {{ not item.a }} {{ item.a or 'z' }} {{ annotations[9] is defined }}",
            "y true z false",
        ),
        ("{{ ''|default('a') }}{{ ''|default('b', true) }}", "b"),
    ] {
        assert_eq!(text(template), expected, "{template}");
    }
}

#[test]
fn json_bodies_are_json() {
    for (template, expected) in [
        (
            r#"{"text": "File {{ item.name }}"}"#,
            r#"{"text": "File photo \"7\".jpg"}"#,
        ),
        (
            r#"{"a": {{ item.name|tojson }}, "b": "{{ 'é\n' }}"}"#,
            r#"{"a": "photo \"7\".jpg", "b": "é\n"}"#,
        ),
        (
            "[{{ attempt }}, {{ 1.5 }}, {{ true }}, {{ none }}, {{ [1, 'a'] }}]",
            r#"[1, 1.5, true, null, [1,"a"]]"#,
        ),
        (
            "{{ item.source_info.team }}",
            r#"{"name":"E2E Testing","slug":"e2e-testing"}"#,
        ),
        (
            "{{ {'item': item.path|tojson, 'raw': '\"'} }}",
            r#"{"item":"/","raw":"\""}"#,
        ),
        (
            "[{% for a in annotations %}{{ a.id|tojson }}{{ ',' if not loop.last }}{% endfor %}]",
            r#"["a","b","c","d"]"#,
        ),
    ] {
        let body = render(template, BodyFormat::Json).unwrap();
        assert_eq!(body, expected);
        serde_json::from_str::<Value>(&body).unwrap();
    }
}

#[test]
fn conditions() {
    let context = whole(document());
    for (condition, expected) in [
        ("has_tag('Urgent') and count('car') >= 2", true),
        ("item.name is endingwith '.png'", false),
        ("annotations_of('cat')", false),
        ("item.missing", false),
        ("item.missing is defined or attempt == 1", true),
        ("team in ['a', 'e2e-testing']", true),
        ("annotations|selectattr('bounding_box')|list", true),
        ("''", false),
        ("0.0", false),
    ] {
        let holds = Condition::parse(condition).unwrap().holds(&context);
        assert_eq!(holds, Ok(expected), "{condition}");
    }
    let error = Condition::parse("item.missing == 1")
        .unwrap()
        .holds(&context);
    assert_eq!(error.unwrap_err().code(), "template_failed");
    let error = Condition::parse("a b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1, column 3: unexpected input after expression"
    );
    assert_eq!(Condition::parse("").unwrap_err().code(), "template_syntax");
}

#[test]
fn annotations_that_are_not_there_are_not_left_out_silently() {
    let cut = json!({"version": "2.0", "item": {"name": "a.jpg"}});
    let without = context(cut.clone(), false);
    for template in [
        "{{ annotations }}",
        "{{ annotations|length }}",
        "{{ document.annotations }}",
        "{{ document['annotations'] }}",
        "{{ document.properties }}",
        "{{ document }}",
        "{{ document|tojson }}",
        "{{ [document] }}",
        "{{ document|length }}",
        "{{ document|items }}",
        "{{ has_tag('a') }}",
        "{{ has_class('a') }}",
        "{{ annotations_of('a') }}",
        "{{ count('a') }}",
        "{{ count_by_class() }}",
        "{% for x in document %}{% endfor %}",
        "{{ 'annotations' in document }}",
        "{{ annotations|default([]) }}",
        "{{ annotations is defined }}",
        "{{ document == {'a': 1, 'b': 2} }}",
    ] {
        let error = Body::parse(template, BodyFormat::Text)
            .unwrap()
            .render(&without)
            .unwrap_err();
        assert_eq!(
            error.code(),
            "template_no_annotations",
            "{template}: {error}"
        );
        assert!(
            error
                .to_string()
                .ends_with("cannot be used: the document is too large to hold its annotations")
        );
    }
    let body = Body::parse(
        "{{ document.version }} {{ document.item.name }} {{ item }}",
        BodyFormat::Text,
    )
    .unwrap();
    assert_eq!(
        body.render(&without).unwrap(),
        "2.0 a.jpg {\"name\":\"a.jpg\"}"
    );
    let none = whole(cut);
    let body = Body::parse("{{ annotations }}{{ count('a') }}", BodyFormat::Text).unwrap();
    assert_eq!(body.render(&none).unwrap(), "[]0");
}

#[test]
fn a_tag_of_a_video_is_in_its_frames() {
    let video = json!({"annotations": [{"name": "Night", "frames": {"0": {"tag": {}, "keyframe": true}}},
        {"name": "car", "frames": {"0": {"bounding_box": {}}}}]});
    let context = whole(video);
    let holds = |condition| {
        Condition::parse(condition)
            .unwrap()
            .holds(&context)
            .unwrap()
    };
    assert!(holds("has_tag('Night')") && !holds("has_tag('car')"));
}

#[test]
fn the_format_is_that_of_the_content_type() {
    for json in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/ld+json",
        "application/cloudevents+json;x=y",
    ] {
        assert_eq!(BodyFormat::of(json), BodyFormat::Json);
    }
    for text in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
        "application/jsonl",
        "text/plain; a=application/json",
    ] {
        assert_eq!(BodyFormat::of(text), BodyFormat::Text);
    }
}
