use std::sync::LazyLock;

use serde_json::{Value, json};
use template::Context;
use template::fuzzing::context;

use crate::support::document;

/// The documents, by number.
pub(crate) const PLAIN: usize = 0;
/// 50,000 annotations with names of 20 characters and properties.
pub(crate) const MANY: usize = 1;
/// A text of 4 MiB, one of 200 KiB of quotes, and one of control characters.
pub(crate) const LONG: usize = 2;
/// Lists 590, and others 5,000 deep.
pub(crate) const DEEP: usize = 3;

pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) template: String,
    pub(crate) condition: bool,
    pub(crate) document: usize,
    pub(crate) code: &'static str,
}

pub(crate) fn documents() -> &'static [Context] {
    static DOCUMENTS: LazyLock<Vec<Context>> = LazyLock::new(|| {
        let many: Vec<Value> = (0..50_000)
            .map(|number| {
                json!({"id": number, "name": format!("class {:014}", number % 9_000),
                    "tag": {}, "slot_names": ["0"], "properties": [{"name": "a", "value": number}]})
            })
            .collect();
        let long = json!({"item": {
            "name": "x".repeat(4 * 1024 * 1024), "same": "x".repeat(4 * 1024 * 1024),
            "quotes": "\"".repeat(200 * 1024), "controls": "\u{1}".repeat(200 * 1024),
            "text": "ab ".repeat(10_000)}});
        let nested = |depth| (0..depth).fold(json!(1), |inner, _| Value::Array(vec![inner]));
        // Not by `json!`, which would go down into them.
        let members = [
            ("one", 590),
            ("two", 590),
            ("deeper", 5_000),
            ("deepest", 5_000),
        ];
        let item = Value::from_iter(members.map(|(name, depth)| (name, nested(depth))));
        let deep = Value::from_iter([("item", item)]);
        let whole = |document| context(document, true);
        let deep = whole(deep);
        // Not by `json!`, which would make all of it a second time.
        let many = [
            ("item", json!({"name": "a"})),
            ("annotations", Value::from(many)),
        ];
        let many = whole(Value::from_iter(many));
        // Dropping it would go down as deep; it lives as long as the process does.
        vec![whole(document()), many, whole(long), deep]
    });
    &DOCUMENTS
}

/// What fits into a body template.
fn filled(part: &str) -> String {
    part.repeat(16 * 1024 / part.len())
}

fn within(open: &str, inner: &str, close: &str, times: usize) -> String {
    format!("{}{inner}{}", open.repeat(times), close.repeat(times))
}

pub(crate) fn table() -> Vec<Hostile> {
    let mut table = bodies();
    let conditions: Vec<(&str, String, usize, &str)> = vec![
        (
            "condition: parentheses",
            within("(", "1", ")", 2_000),
            PLAIN,
            "template_limit",
        ),
        (
            "condition: not",
            format!("{}1", "not ".repeat(1_000)),
            PLAIN,
            "template_limit",
        ),
        (
            "condition: has_tag of many",
            "has_tag('no') or has_tag('nor')".into(),
            MANY,
            "ok",
        ),
        (
            "condition: too long",
            " ".repeat(4_097),
            PLAIN,
            "template_limit",
        ),
        (
            "condition: every annotation with every one",
            "annotations|select('in', annotations)|list|length > 0".into(),
            MANY,
            "template_limit",
        ),
    ];
    table.extend(
        conditions
            .into_iter()
            .map(|(name, template, document, code)| Hostile {
                name: name.into(),
                template,
                condition: true,
                document,
                code,
            }),
    );
    table
}

fn bodies() -> Vec<Hostile> {
    let loops = |list: &str, body: &str, depth: usize| {
        let open: String = (0..depth)
            .map(|at| format!("{{% for x{at} in {list} %}}"))
            .collect();
        format!("{open}{body}{}", "{% endfor %}".repeat(depth))
    };
    let doubling = |first: &str, next: &str, times: usize| {
        format!(
            "{{% set x = {first} %}}{}",
            format!("{{% set x = {next} %}}").repeat(times)
        )
    };
    let table: Vec<(&str, String, usize, &str)> = vec![
        // Loops
        ("loops: 8 of 1,000", loops("range(1000)", "", 8), PLAIN, "template_limit"),
        ("loops: 8 of 1,000 that write", loops("range(1000)", "x", 8), PLAIN, "template_limit"),
        ("loops: over many", loops("annotations", "{{ x0.name }}", 3), MANY, "template_limit"),
        ("loops: 60 deep", loops("range(2)", "", 60), PLAIN, "template_limit"),
        ("loops: 2,000 deep", loops("a", "", 700), PLAIN, "template_limit"),
        ("loops: with a filter", loops("range(900) if 0", "", 3), PLAIN, "ok"),
        ("loops: filter in filter", loops("annotations if x0.name in annotations", "", 2), MANY, "template_limit"),
        ("loops: that write nothing but brackets", loops("range(300)", "[", 2), PLAIN, "ok"),
        ("loops: recursive", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}".into(), PLAIN, "template_forbidden"),
        ("loops: many sets", loops("range(100000)", &(0..60).map(|at| format!("{{%set v{at}=1%}}")).collect::<String>(), 1), PLAIN, "template_limit"),
        ("range: huge", "{{ range(1000000000000) }}".into(), PLAIN, "template_limit"),
        ("range: endless steps", "{{ range(0, 99999999999999999999999999999999999, 1)|length }}".into(), PLAIN, "template_limit"),
        ("range: steps of 0", "{{ range(0, 9, 0) }}".into(), PLAIN, "template_failed"),
        ("range: wide steps", "{{ range(-9, 9, 99999999999999999999999999999999999999) }}".into(), PLAIN, "ok"),
        // Texts that grow
        ("text: doubled 500 times", doubling("item.name", "x ~ x", 500), PLAIN, "template_limit"),
        ("text: added 500 times", doubling("'ab'", "x + x", 500), PLAIN, "template_limit"),
        ("text: times a number", "{{ 'x' * 1000000000 }}".into(), PLAIN, "template_failed"),
        ("list: times a number", "{{ [1] * 1000000000 }}".into(), PLAIN, "template_failed"),
        ("text: joined in a loop", loops("range(100000)", "{% set y = item.text ~ item.text %}", 1), LONG, "template_limit"),
        ("text: replaced", doubling("item.text", "x|replace('a', x)", 20), LONG, "template_limit"),
        ("text: replaced by nothing", loops("range(100000)", "{% set y = item.name|replace('y', '') %}", 1), LONG, "template_limit"),
        ("text: replaces nothing", "{{ 'a'|replace('', 'b') }}".into(), PLAIN, "template_failed"),
        ("text: joined", doubling("[item.text]", "[x|join(item.text), x|join(item.text)]", 20), LONG, "template_limit"),
        ("text: upper of 4 MiB", "{{ item.name|upper }}".into(), LONG, "template_limit"),
        ("text: title in a loop", loops("range(100000)", "{% set y = item.text|title %}", 1), LONG, "template_limit"),
        ("text: urlencode", loops("range(100000)", "{% set y = item.quotes|urlencode %}", 1), LONG, "template_limit"),
        ("text: split", loops("range(1000)", "{% set y = item.text|split(' ') %}", 1), LONG, "template_limit"),
        ("text: split by character", "{{ item.name[::2] }}".into(), LONG, "template_limit"),
        ("text: characters at the end", loops("range(100000)", "{% if item.name[-1] %}{% endif %}", 1), LONG, "template_limit"),
        ("text: its length", loops("range(100000)", "{% if item.name|length %}{% endif %}", 1), LONG, "template_limit"),
        ("text: search", loops("range(100000)", "{% if 'xxxxxxxxxxxxxxxxy' in item.name %}{% endif %}", 1), LONG, "template_limit"),
        ("text: compared", loops("range(100000)", "{% if item.name == item.same %}{% endif %}", 1), LONG, "template_limit"),
        ("text: truncated", loops("range(100000)", "{% if item.name|truncate(4000000, end='') %}{% endif %}", 1), LONG, "template_limit"),
        ("text: quotes written", "{{ item.quotes|tojson }}{{ item.quotes|tojson }}{{ item.quotes|tojson }}".into(), LONG, "template_limit"),
        ("text: tojson of tojson", doubling("item.quotes", "x|tojson|string", 30), LONG, "template_limit"),
        ("text: control characters", loops("range(1000)", "{% set y = item.controls|tojson %}", 1), LONG, "template_limit"),
        ("text: written", "{{ item.name }}".into(), LONG, "template_limit"),
        ("text: as a number", loops("range(100000)", "{% set y = item.name|int(0) %}", 1), LONG, "template_limit"),
        ("text: date of long formats", loops("range(100000)", "{% set y = now|date('%A %B %A %B %A %B %A %B %F %F %s %s') %}", 1), PLAIN, "template_limit"),
        ("text: date of garbage", "{{ '9999-99-99T99:99:99+99:99'|date }}".into(), PLAIN, "template_failed"),
        ("text: date of a huge number", "{{ 170141183460469231731687303715884105727|date }}".into(), PLAIN, "template_failed"),
        ("text: date far away", "{{ 9223372036854775807|date }}".into(), PLAIN, "template_failed"),
        // Lists
        ("list: doubled and written", doubling("[1]", "[x, x]", 30), PLAIN, "ok"),
        ("list: doubled 30 times and written", doubling("[1]", "[x, x]", 30) + "{{ x }}", PLAIN, "template_limit"),
        ("list: doubled and compared", doubling("[1]", "[x, x]", 28) + &doubling("[1]", "[x, x]", 28).replace('x', "y") + "{{ x == y }}", PLAIN, "template_limit"),
        ("list: nested 900 deep", doubling("[1]", "[x]", 900), PLAIN, "template_limit"),
        ("object: nested 900 deep", doubling("{}", "{'a': x}", 600), PLAIN, "template_limit"),
        ("list: added", doubling("[1]", "x + x", 500), PLAIN, "template_limit"),
        ("list: sorted in a loop", loops("range(1000)", "{% set y = annotations|sort(attribute='name') %}", 1), MANY, "template_limit"),
        ("list: sorted once", "{{ (annotations|sort(attribute='name')|first).id }}".into(), MANY, "template_limit"),
        ("list: sorted by different kinds", "{{ [1, 'a', 2.5, 'b', true]|sort }}".into(), PLAIN, "template_failed"),
        ("list: unique by long texts", loops("range(1000)", "{% set y = [item.name, item.same]|unique %}", 1), LONG, "template_limit"),
        ("list: grouped", loops("range(1000)", "{% set y = annotations|groupby('name') %}", 1), MANY, "template_limit"),
        ("list: all compared", "{{ annotations == annotations }}".into(), MANY, "template_limit"),
        ("list: each in all", loops("annotations", "{% if x0 in annotations %}{% endif %}", 1), MANY, "template_limit"),
        ("list: mapped by map", "{{ [[1]]|map('map', 'map', 'map', 'upper') }}".into(), PLAIN, "template_failed"),
        ("list: mapped with many arguments", format!("{{{{ range(9999)|map('replace'{}) }}}}", ", 1".repeat(400)), PLAIN, "template_failed"),
        ("list: sliced in a loop", loops("range(1000)", "{% set y = annotations[::-1] %}", 1), MANY, "template_limit"),
        ("list: sliced by extremes", "{{ [1,2][-170141183460469231731687303715884105727:170141183460469231731687303715884105727:170141183460469231731687303715884105727] }}".into(), PLAIN, "ok"),
        ("list: reversed in a loop", loops("range(1000)", "{% set y = annotations|reverse %}", 1), MANY, "template_limit"),
        ("list: of 500 items, nested", format!("{{{{ [{}] }}}}", "1,".repeat(499)), PLAIN, "template_limit"),
        ("object: counted in a loop", loops("range(1000)", "{% set y = count_by_class() %}", 1), MANY, "template_limit"),
        ("object: looked up in a loop", format!("{{% set c = count_by_class() %}}{}", loops("range(9000)", "{% if c['class 00000000008999'] %}{% endif %}", 1)), MANY, "template_limit"),
        ("object: a class for each", loops("annotations", "{% if has_class('none') %}{% endif %}", 1), MANY, "template_limit"),
        ("document: as JSON in a loop", loops("range(1000)", "{% set y = document|tojson %}", 1), MANY, "template_limit"),
        ("document: written", "{{ document }}".into(), MANY, "template_limit"),
        // Depth
        ("deep: written", "{{ item.one }}".into(), DEEP, "ok"),
        ("deep: compared", "{{ item.one == item.two }}".into(), DEEP, "ok"),
        ("deeper: written", "{{ item.deeper }}".into(), DEEP, "template_limit"),
        ("deeper: compared", "{{ item.deeper == item.deepest }}".into(), DEEP, "template_limit"),
        ("deeper: as text", "{{ item.deeper ~ '' }}".into(), DEEP, "template_limit"),
        ("deep: compared within 60 loops", within("{% for x in [1] %}", "{{ item.one == item.two }}", "{% endfor %}", 60), DEEP, "ok"),
        ("deep: written within 60 blocks", within("{% if 1 %}", "{{ item.one }}", "{% endif %}", 60), DEEP, "ok"),
        ("deep: as text within 60 sums", format!("{{{{ {} }}}}", within("(1 ~ ", "(item.one ~ item.two)", ")", 60)), DEEP, "ok"),
        ("deep: 60 filters", format!("{{{{ item.one{} }}}}", "|tojson|string".repeat(30)), DEEP, "template_limit"),
        ("deep: 60 choices", format!("{{{{ {} }}}}", within("(item.one if 1 else ", "1", ")", 60)), DEEP, "ok"),
        ("deep: 60 calls", format!("{{{{ {} }}}}", within("range(", "1", ")", 60)), PLAIN, "template_failed"),
        // Numbers
        ("number: powers", doubling("3", "x ** x", 50), PLAIN, "template_failed"),
        ("number: huge power", "{{ 2 ** 99999999999999999999 }}".into(), PLAIN, "template_failed"),
        ("number: infinite", "{{ 1e308 * 10 }}".into(), PLAIN, "template_failed"),
        ("number: not one", "{{ 'nan'|float }}".into(), PLAIN, "template_failed"),
        ("number: by zero", "{{ 1 / 0 }}".into(), PLAIN, "template_failed"),
        ("number: rest by zero", "{{ 1.5 % 0 }}".into(), PLAIN, "template_failed"),
        ("number: least by -1", "{{ (-170141183460469231731687303715884105727 - 1) // -1 }}".into(), PLAIN, "template_failed"),
        ("number: rounded to extremes", "{{ 1.5|round(99999999999) }}{{ 1.5|round(-99999999999) }}".into(), PLAIN, "ok"),
        // The reader
        ("read: parentheses", format!("{{{{ {} }}}}", within("(", "1", ")", 7_000)), PLAIN, "template_limit"),
        ("read: brackets", format!("{{{{ {} }}}}", within("[", "1", "]", 7_000)), PLAIN, "template_limit"),
        ("read: braces", format!("{{{{ {} }}}}", within("{'a':", "1", "}", 2_000)), PLAIN, "template_limit"),
        ("read: parentheses that stay open", format!("{{{{ {}", "(".repeat(16_000)), PLAIN, "template_limit"),
        ("read: names in parentheses", format!("{{% for {}", "(".repeat(16_000)), PLAIN, "template_limit"),
        ("read: names in spaced parentheses", format!("{{% set {}", "a, (".repeat(4_000)), PLAIN, "template_limit"),
        ("read: calls in calls", format!("{{{{ {} }}}}", within("range(", "1", ")", 2_000)), PLAIN, "template_limit"),
        ("read: subscripts in subscripts", format!("{{{{ {} }}}}", within("item[", "1", "]", 2_000)), PLAIN, "template_limit"),
        ("read: minus", format!("{{{{ {}1 }}}}", "-".repeat(16_000)), PLAIN, "template_limit"),
        ("read: minus with spaces", format!("{{{{ {}1 }}}}", "- ".repeat(8_000)), PLAIN, "template_limit"),
        ("read: not", format!("{{{{ {}1 }}}}", "not ".repeat(4_000)), PLAIN, "template_limit"),
        ("read: not and minus", format!("{{{{ {}1 }}}}", "not -".repeat(3_000)), PLAIN, "template_limit"),
        ("read: sums", format!("{{{{ 1{} }}}}", "+1".repeat(8_000)), PLAIN, "template_limit"),
        ("read: 490 sums", format!("{{{{ 1{} }}}}", "+1".repeat(490)), PLAIN, "template_limit"),
        ("read: attributes", format!("{{{{ item{} }}}}", ".a".repeat(8_000)), PLAIN, "template_limit"),
        ("read: filters", format!("{{{{ 'a'{} }}}}", "|upper".repeat(2_000)), PLAIN, "template_limit"),
        ("read: tests", format!("{{{{ 1{} }}}}", " is odd".repeat(2_000)), PLAIN, "template_limit"),
        ("read: if within an expression", format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(1_300)), PLAIN, "template_limit"),
        ("read: blocks in blocks", within("{% if 1 %}", "", "{% endif %}", 700), PLAIN, "template_limit"),
        ("read: blocks that stay open", filled("{% if 1 %}"), PLAIN, "template_limit"),
        ("read: with in with", within("{% with a = 1 %}", "", "{% endwith %}", 500), PLAIN, "template_limit"),
        ("read: elif", format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(1_300)), PLAIN, "template_limit"),
        ("read: a thousand blocks", "{% if 1 %}a{% endif %}".repeat(740), PLAIN, "ok"),
        ("read: many names", (0..900).map(|at| format!("{{%set a{at}=1%}}")).collect(), PLAIN, "template_limit"),
        ("read: too long", "x".repeat(16 * 1024 + 1), PLAIN, "template_limit"),
        ("read: texts that escape", format!("{{{{ '{}' }}}}", "\\u0041".repeat(2_700)), PLAIN, "ok"),
        ("read: a text that stays open", format!("{{{{ '{}", "a".repeat(16_000)), PLAIN, "template_syntax"),
        ("read: a comment that stays open", format!("{{# {}", "a".repeat(16_000)), PLAIN, "template_syntax"),
        ("read: raw that stays open", "{% raw %} {{ x }}".into(), PLAIN, "template_syntax"),
        ("read: nothing in braces", "{{ }}".into(), PLAIN, "template_syntax"),
        // What is not reachable
        ("reach: include", "{% include '/etc/passwd' %}".into(), PLAIN, "template_syntax"),
        ("reach: import", "{% import 'os' as os %}".into(), PLAIN, "template_syntax"),
        ("reach: extends", "{% extends 'a' %}".into(), PLAIN, "template_syntax"),
        ("reach: macro", "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}".into(), PLAIN, "template_syntax"),
        ("reach: a block that is kept", "{% set x %}{% for y in range(9) %}a{% endfor %}{% endset %}".into(), PLAIN, "template_forbidden"),
        ("reach: a block that is filtered", "{% filter upper %}a{% endfilter %}".into(), PLAIN, "template_forbidden"),
        ("reach: env", "{{ env('HOME') }}".into(), PLAIN, "template_unknown"),
        ("reach: classes", "{{ ''.__class__.__mro__ }}".into(), PLAIN, "template_failed"),
        ("reach: a method", "{{ item.name.upper() }}".into(), PLAIN, "template_forbidden"),
        ("reach: debug", "{{ debug() }}".into(), PLAIN, "template_unknown"),
        ("reach: namespace", "{% set n = namespace(x=1) %}{% set n.x = 2 %}".into(), PLAIN, "template_unknown"),
        ("reach: self", "{{ self }}".into(), PLAIN, "template_unknown"),
        ("reach: loop called", "{% for x in [1] %}{{ loop([1]) }}{% endfor %}".into(), PLAIN, "template_unknown"),
        ("reach: loop written", "{% for x in [1] %}{{ loop }}{% endfor %}".into(), PLAIN, "template_failed"),
        ("reach: arguments spread", "{{ range(*annotations) }}".into(), PLAIN, "template_forbidden"),
    ];
    table
        .into_iter()
        .map(|(name, template, document, code)| Hostile {
            name: name.into(),
            template,
            condition: false,
            document,
            code,
        })
        .collect()
}
