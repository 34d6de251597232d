//! Templates that are well formed for the most part, and documents.
#![allow(dead_code)]

mod typed;

use proptest::prelude::*;
use serde_json::{Value, json};

/// A template, and how the same is written for MiniJinja where its language means something else. `theirs` uses
/// functions of `tests/reference`.
#[derive(Clone, Debug)]
pub(crate) struct Both {
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

impl Both {
    fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            ours: text.clone(),
            theirs: text,
        }
    }

    /// The same around it in both.
    fn each(&self, write: impl Fn(&str) -> String) -> Self {
        Self {
            ours: write(&self.ours),
            theirs: write(&self.theirs),
        }
    }

    fn with(&self, other: &Self, write: impl Fn(&str, &str) -> String) -> Self {
        Self {
            ours: write(&self.ours, &other.ours),
            theirs: write(&self.theirs, &other.theirs),
        }
    }

    fn all(parts: &[Self], separator: &str) -> Self {
        let join = |of: fn(&Self) -> &str| parts.iter().map(of).collect::<Vec<_>>().join(separator);
        Self {
            ours: join(|part| &part.ours),
            theirs: join(|part| &part.theirs),
        }
    }
}

const NAMES: &[&str] = &[
    "x",
    "item",
    "item.name",
    "item.slots",
    "item.source_info.team.slug",
    "annotations",
    "document",
    "team",
    "workflow.id",
    "attempt",
    "now",
    "count('car')",
    "count_by_class()",
    "range(9)",
    "range(9, 0, -2)",
    "annotations_of('car')",
    "has_tag('Urgent')",
    "has_class('cat')",
    "annotations[1].bounding_box.w",
    "item.missing",
    "1",
    "-7",
    "2.5",
    "-0.0",
    "3",
    "'a'",
    "'Hello, wORLD-wide \\n'",
    "\"é\\n\"",
    "'car'",
    "''",
    "none",
    "true",
    "[]",
    "{}",
    "[3, 1, 2]",
    "['b', 'A', 'a']",
    "99999999999999999999",
    "9007199254740993",
];

const SIGNS: &[&str] = &[
    "+", "-", "*", "/", "//", "%", "**", "<", "<=", ">", ">=", "and", "or",
];

/// Signs with which `true` would be 1 in MiniJinja.
const EQUALS: &[&str] = &["==", "!=", "in", "not in"];

const FILTERS: &[&str] = &[
    "abs",
    "capitalize",
    "count",
    "d(1)",
    "default('')",
    "default('-', true)",
    "dictsort",
    "dictsort(by='value', reverse=true)",
    "first",
    "float",
    "float(0.0)",
    "groupby('name')",
    "int",
    "int(0)",
    "items",
    "join",
    "join(', ')",
    "join(', ', attribute='name')",
    "last",
    "length",
    "list",
    "lower",
    "map('length')",
    "map('upper')",
    "map(attribute='name')",
    "map(attribute='name', default='?')",
    "max",
    "max(attribute='name')",
    "min",
    "min(case_sensitive=true)",
    "reject('odd')",
    "rejectattr('bounding_box')",
    "replace('a', 'bb')",
    "replace('l', '', 1)",
    "reverse",
    "round",
    "round(2)",
    "select",
    "select('divisibleby', 3)",
    "select('string')",
    "selectattr('name', '==', 'car')",
    "selectattr('name', 'in', ['car', 'x'])",
    "selectattr('tag', 'defined')",
    "selectattr('tag')",
    "sort",
    "sort(attribute='name')",
    "sort(reverse=true, case_sensitive=true)",
    "split",
    "split(',')",
    "string",
    "sum",
    "sum(attribute='bounding_box.w')",
    "title",
    "tojson",
    "trim",
    "unique",
    "unique(attribute='name')",
    "upper",
    "urlencode",
];

/// Filters that take everything as a text; MiniJinja's take texts only.
const OF_TEXT: &[&str] = &[
    "capitalize",
    "lower",
    "replace",
    "split",
    "string",
    "title",
    "trim",
    "upper",
    "urlencode",
];

const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby 3",
    "endingwith 'a'",
    "even",
    "false",
    "float",
    "ge 2",
    "gt 'a'",
    "integer",
    "iterable",
    "le 2.5",
    "lt 2",
    "mapping",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith 'a'",
    "string",
    "true",
    "undefined",
];

/// What a template is made of.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Any expression.
    pub(crate) any: BoxedStrategy<Both>,
    /// What a loop goes through.
    pub(crate) lists: BoxedStrategy<Both>,
    /// The same with two names.
    pub(crate) pairs: BoxedStrategy<Both>,
}

/// Expressions in which each part is of the kind that it is used as, in a document of V7's.
pub(crate) fn typed() -> Parts {
    typed::parts()
}

/// Expressions most of which do not go together.
pub(crate) fn wild() -> Parts {
    let any = untyped().boxed();
    Parts {
        lists: any.clone(),
        pairs: any.clone(),
        any,
    }
}

/// Most are of kinds that go together.
pub(crate) fn mixed() -> Parts {
    let (typed, wild) = (typed(), wild());
    let both = |typed, wild| prop_oneof![4 => typed, 1 => wild].boxed();
    Parts {
        any: both(typed.any, wild.any),
        lists: both(typed.lists, wild.lists),
        pairs: both(typed.pairs, wild.pairs),
    }
}

/// Expressions of any parts, most of which do not go together.
fn untyped() -> impl Strategy<Value = Both> {
    let leaf = prop::sample::select(NAMES).prop_map(|name| match name {
        // What is missing in what is missing is missing.
        "item.missing" => Both {
            ours: "item.missing.more".into(),
            theirs: "(item.missing|default({})).more".into(),
        },
        "annotations[1].bounding_box.w" => Both {
            ours: name.into(),
            theirs: "((annotations[1]|default({})).bounding_box|default({})).w".into(),
        },
        "item.source_info.team.slug" => Both {
            ours: name.into(),
            theirs: "((item.source_info|default({})).team|default({})).slug".into(),
        },
        name if name.starts_with("item.") => Both {
            ours: name.into(),
            theirs: name.replace("item.", "(item|default({}))."),
        },
        name => Both::same(name),
    });
    leaf.prop_recursive(4, 30, 3, |inner| {
        prop_oneof![
            4 => (inner.clone(), prop::sample::select(FILTERS))
                .prop_map(|(of, filter)| filtered(&of, filter)),
            2 => (inner.clone(), prop::sample::select(TESTS))
                .prop_map(|(of, test)| of.each(|of| format!("(({of}) is {test})"))),
            3 => (inner.clone(), prop::sample::select(SIGNS), inner.clone())
                .prop_map(|(left, sign, right)| left.with(&right, |left, right| format!("({left} {sign} {right})"))),
            1 => (inner.clone(), prop::sample::select(EQUALS), inner.clone())
                .prop_map(|(left, sign, right)| equals(&left, sign, &right)),
            1 => (inner.clone(), inner.clone()).prop_map(|(left, right)| Both {
                ours: format!("({} ~ {})", left.ours, right.ours),
                theirs: format!("(text({}) ~ text({}))", left.theirs, right.theirs),
            }),
            2 => (inner.clone(), prop::sample::select(&[".name", ".a", ".tag", "[0]", "[-1]", "['name']", "[9]"][..]))
                .prop_map(|(of, part)| Both {
                    ours: format!("({}){part}", of.ours),
                    theirs: format!("(({})|default({{}})){part}", of.theirs),
                }),
            1 => (inner.clone(), inner.clone()).prop_map(|(of, key)| Both {
                ours: format!("({})[{}]", of.ours, key.ours),
                theirs: format!("(({})|default({{}}))[not_true({})]", of.theirs, key.theirs),
            }),
            1 => (inner.clone(), prop::sample::select(&["1:", ":-1", "::-1", "-2:", "1:3:2", "3:0:-1", ":"][..]))
                .prop_map(|(of, bounds)| of.each(|of| format!("({of})[{bounds}]"))),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| {
                a.with(&b, |a, b| format!("({a} if {b} else "))
                    .with(&c, |ab, c| format!("{ab}{c})"))
            }),
            1 => prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| Both::all(&items, ", ").each(|items| format!("[{items}]"))),
            1 => (inner.clone(), inner.clone())
                .prop_map(|(a, b)| a.with(&b, |a, b| format!("{{'a': {a}, 'name': {b}}}"))),
            1 => inner.clone().prop_map(|of| of.each(|of| format!("(not ({of}))"))),
            1 => inner.prop_map(|of| of.each(|of| format!("(-({of}))"))),
        ]
    })
}

fn filtered(of: &Both, filter: &str) -> Both {
    let name = filter.split('(').next().unwrap();
    let text = if OF_TEXT.contains(&name) { "text" } else { "" };
    Both {
        ours: format!("({})|{filter}", of.ours),
        theirs: format!("({text}({}))|{filter}", of.theirs),
    }
}

fn equals(left: &Both, sign: &str, right: &Both) -> Both {
    let (a, b) = (&left.theirs, &right.theirs);
    Both {
        ours: format!("({} {sign} {})", left.ours, right.ours),
        theirs: format!("(no_true_and_1({a}, {b}) and ({a} {sign} {b}))"),
    }
}

/// A few statements.
pub(crate) fn template(parts: &Parts) -> impl Strategy<Value = Both> + use<> {
    let Parts { any, lists, pairs } = parts.clone();
    let leaf = prop_oneof![
        3 => any.clone().prop_map(|of| of.each(|of| format!("{{{{ {of} }}}}"))),
        1 => any.clone().prop_map(|of| of.each(|of| format!("\"{{{{ ({of})|tojson }}}}\""))),
        1 => "[a-z\\[\\]{}\", ]{0,8}".prop_map(Both::same),
        1 => any.clone().prop_map(|of| of.each(|of| format!("{{% set x = {of} %}}"))),
    ];
    let statement = leaf.prop_recursive(2, 8, 3, move |inner| {
        let body = prop::collection::vec(inner, 0..3).prop_map(|parts| Both::all(&parts, ""));
        prop_oneof![
            (lists.clone(), body.clone(), body.clone()).prop_map(|(of, a, b)| {
                of.with(&a, |of, a| {
                    format!("{{% for x in {of} %}}{{{{ loop.index }}}}{a}{{{{ loop.last }}}}")
                })
                .with(&b, |of, b| format!("{of}{{% else %}}{b}{{% endfor %}}"))
            }),
            (lists.clone(), any.clone(), body.clone()).prop_map(|(of, only, a)| {
                of.with(&only, |of, only| format!("{{% for x in {of} if {only} %}}"))
                    .with(&a, |of, a| {
                        format!("{of}{a}{{{{ loop.revindex }}}}{{% endfor %}}")
                    })
            }),
            (pairs.clone(), body.clone()).prop_map(|(of, a)| {
                of.with(&a, |of, a| {
                    format!("{{% for x, y in {of} %}}{a}{{{{ y }}}}{{% endfor %}}")
                })
            }),
            (any.clone(), body.clone(), body.clone()).prop_map(|(of, a, b)| {
                of.with(&a, |of, a| format!("{{% if {of} %}}{a}{{% else %}}"))
                    .with(&b, |of, b| format!("{of}{b}{{% endif %}}"))
            }),
            (any.clone(), body).prop_map(|(of, a)| {
                of.with(&a, |of, a| {
                    format!("{{% with x = {of} %}}{a}{{% endwith %}}")
                })
            }),
        ]
    });
    let statements = prop::collection::vec(statement, 1..4);
    statements.prop_map(|parts| Both::all(&parts, "").each(|of| format!("{{% set x = 3 %}}{of}")))
}

pub(crate) fn json() -> impl Strategy<Value = Value> {
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

/// Documents as V7 has them: the members that there are, with values of their kind.
pub(crate) fn darwin() -> impl Strategy<Value = Value> {
    // Without capital letters beyond ASCII: which of them are the same as small ones is a matter of MiniJinja's feature
    // `unicode`, with which its parser would be another one.
    let text = || {
        prop_oneof![
            "[a-cA-C]{0,2}",
            "(car|Urgent|person|é B)",
            "[a-bß€ \\t\\n\"\\\\{%}𝄞-]{0,6}"
        ]
    };
    let number = || {
        prop_oneof![
            (-9..9_i64).prop_map(Value::from),
            (0..64_i64).prop_map(|of| Value::from(of as f64 / 4.0)),
            any::<f64>().prop_map(Value::from),
        ]
    };
    let annotation = (text(), 0..3, number(), number()).prop_map(|(name, kind, w, h)| match kind {
        0 => json!({"name": name, "tag": {}}),
        1 => json!({"name": name, "bounding_box": {"w": w, "h": h}}),
        _ => json!({"name": name, "polygon": {"paths": [[{"x": w, "y": h}]]}, "a": [w, h]}),
    });
    let annotations = prop::collection::vec(annotation, 0..5);
    (text(), text(), annotations).prop_map(|(name, slug, annotations)| {
        let source = json!({"team": {"slug": slug, "name": "Team"}});
        let slots = json!([{"slot_name": "0", "width": 1920, "height": 1080, "a": name}]);
        let item = json!({"name": name, "path": "/", "slots": slots, "source_info": source});
        json!({"version": "2.0", "item": item, "annotations": annotations})
    })
}
