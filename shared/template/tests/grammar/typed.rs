//! Expressions in which each part is of the kind that it is used as.

use proptest::prelude::*;

use super::{Both, filtered};

type Expression = BoxedStrategy<Both>;

/// Expressions of each kind.
struct Kinds {
    number: Expression,
    text: Expression,
    flag: Expression,
    /// Lists of numbers.
    list: Expression,
    /// Lists of texts.
    texts: Expression,
    /// Lists of objects.
    objects: Expression,
    object: Expression,
}

impl Kinds {
    fn leaves() -> Self {
        Self {
            number: one_of(NUMBERS),
            text: one_of(TEXTS),
            flag: one_of(FLAGS),
            list: one_of(LISTS),
            texts: one_of(TEXT_LISTS),
            objects: one_of(OBJECT_LISTS),
            object: one_of(OBJECTS),
        }
    }

    fn deeper(&self) -> Self {
        Self {
            number: number(self),
            text: text(self),
            flag: flag(self),
            list: list(self),
            texts: texts(self),
            objects: objects(self),
            object: object(self),
        }
    }
}

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "3",
    "-7",
    "2.5",
    "-0.5",
    "0.125",
    "attempt",
    "count('car')",
    "item.slots[0].width",
    "annotations|length",
    "1e3",
    "9007199254740993",
];

const TEXTS: &[&str] = &[
    "'a'",
    "''",
    "'car'",
    "'Hello, wORLD-wide \\n'",
    "'ünï (x)\\tb'",
    "item.name",
    "team",
    "now",
    "workflow.id",
    "item.path",
    "item.source_info.team.slug",
    "'a,b,,c'",
    "'1.5'",
    "'12'",
    "'ßx y'",
    "'it\\'s o.k.'",
];

const FLAGS: &[&str] = &[
    "true",
    "false",
    "has_tag('Urgent')",
    "has_class('car')",
    "item.missing is defined",
];

const LISTS: &[&str] = &[
    "[3, 1, 2]",
    "[]",
    "range(9)",
    "range(9, 0, -2)",
    "[1, 2.5, 1.0, -1]",
    "range(2, 5)",
];

const TEXT_LISTS: &[&str] = &[
    "['b', 'A', 'a']",
    "annotations|map(attribute='name')",
    "[]",
    "count_by_class()",
    "'a,b,,c'|split(',')",
];

const OBJECT_LISTS: &[&str] = &[
    "annotations",
    "annotations_of('car')",
    "annotations|selectattr('bounding_box')",
    "item.slots",
    "[{'name': 'b', 'a': 1}, {'name': 'a', 'a': 2}, {'name': 'B', 'a': 1}]",
];

const OBJECTS: &[&str] = &[
    "item",
    "count_by_class()",
    "item.slots[0]",
    "{'name': 'x', 'a': 1}",
    "{}",
    "workflow",
    "{'b': 'y', 'A': 'z', 'a': 'x'}",
];

fn one_of(names: &'static [&'static str]) -> Expression {
    prop::sample::select(names)
        .prop_map(|name| Both::same(format!("({name})")))
        .boxed()
}

fn with_filter(of: Expression, filters: &'static [&'static str]) -> Expression {
    (of, prop::sample::select(filters))
        .prop_map(|(of, filter)| filtered(&of, filter).each(|of| format!("({of})")))
        .boxed()
}

fn with_part(of: Expression, parts: &'static [&'static str]) -> Expression {
    (of, prop::sample::select(parts))
        .prop_map(|(of, part)| of.each(|of| format!("{of}{part}")))
        .boxed()
}

fn signed(left: Expression, signs: &'static [&'static str], right: Expression) -> Expression {
    (left, prop::sample::select(signs), right)
        .prop_map(|(left, sign, right)| {
            left.with(&right, |left, right| format!("({left} {sign} {right})"))
        })
        .boxed()
}

fn choice(of: &Expression, flag: &Expression) -> Expression {
    (of.clone(), flag.clone(), of.clone())
        .prop_map(|(a, b, c)| {
            a.with(&b, |a, b| format!("({a} if {b} else "))
                .with(&c, |ab, c| format!("{ab}{c})"))
        })
        .boxed()
}

fn number(of: &Kinds) -> Expression {
    let leaf = one_of(NUMBERS);
    prop_oneof![
        2 => leaf,
        2 => signed(of.number.clone(), &["+", "-", "*", "/", "//", "%", "**"], of.number.clone()),
        1 => with_filter(of.number.clone(), &["abs", "round", "round(1)", "round(-1)", "int", "float"]),
        1 => with_filter(of.text.clone(), &["length", "count", "int(3)", "float(0.5)"]),
        1 => with_filter(of.list.clone(), &["length", "sum", "max|default(0)", "min|d(1)", "first|default(2)", "last|d(4)"]),
        1 => with_filter(of.objects.clone(), &["length", "sum(attribute='a')", "sum(attribute='bounding_box.w')"]),
        1 => with_part(of.list.clone(), &["[0]", "[-1]"]).prop_map(|of| of.each(|of| format!("({of}|d(0))"))),
        1 => of.number.clone().prop_map(|of| of.each(|of| format!("(-{of})"))),
        1 => choice(&of.number, &of.flag),
    ]
    .boxed()
}

fn text(of: &Kinds) -> Expression {
    let leaf = one_of(TEXTS);
    let any = prop_oneof![
        of.text.clone(),
        of.number.clone(),
        of.flag.clone(),
        of.list.clone(),
        of.objects.clone()
    ]
    .boxed();
    prop_oneof![
        2 => leaf,
        3 => with_filter(of.text.clone(), &[
            "upper", "lower", "title", "capitalize", "trim", "replace('a', 'bb')", "replace('l', '', 1)", "urlencode",
            "string", "reverse", "first|default('')", "last|d('')",
        ]),
        1 => with_filter(of.number.clone(), &["string", "urlencode", "upper", "replace('1', '')"]),
        1 => with_filter(of.texts.clone(), &["join", "join(', ')", "first|default('')", "sort|last|default('')", "min|d('')", "max|d('')"]),
        1 => with_filter(of.list.clone(), &["join", "join('-')"]),
        1 => with_filter(of.objects.clone(), &["join(', ', attribute='name')"]),
        1 => with_part(of.text.clone(), &["[1:]", "[:-1]", "[::-1]", "[1:4:2]", "[-2:]", "[5:1:-2]"]),
        1 => with_part(of.text.clone(), &["[0]", "[-1]"]).prop_map(|of| of.each(|of| format!("({of}|d(''))"))),
        1 => signed(of.text.clone(), &["+"], of.text.clone()),
        1 => (any.clone(), any).prop_map(|(left, right)| Both {
            ours: format!("({} ~ {})", left.ours, right.ours),
            theirs: format!("(text({}) ~ text({}))", left.theirs, right.theirs),
        }),
        1 => choice(&of.text, &of.flag),
    ]
    .boxed()
}

fn flag(of: &Kinds) -> Expression {
    let leaf = one_of(FLAGS);
    let order: &[&str] = &["==", "!=", "<", "<=", ">", ">="];
    let tests: &[&str] = &[
        " is odd",
        " is even",
        " is divisibleby 3",
        " is number",
        " is integer",
        " is float",
        " is string",
        " is defined",
        " is ge 2",
        " is not lt 1",
        " is eq 1",
        " is boolean",
        " is none",
        " is true",
    ];
    let of_text: &[&str] = &[
        " is startingwith 'a'",
        " is endingwith 'a'",
        " is string",
        " is in 'car'",
        " is iterable",
        " is gt 'a'",
    ];
    let of_any: &[&str] = &[
        " is mapping",
        " is sequence",
        " is iterable",
        " is defined",
        " is not undefined",
        " is in [1, [2]]",
    ];
    prop_oneof![
        1 => leaf,
        2 => signed(of.number.clone(), order, of.number.clone()),
        2 => signed(of.text.clone(), order, of.text.clone()),
        1 => signed(of.number.clone(), &["in", "not in"], of.list.clone()),
        1 => signed(of.text.clone(), &["in", "not in"], prop_oneof![of.texts.clone(), of.text.clone(), of.object.clone()].boxed()),
        1 => signed(of.list.clone(), &["==", "!="], of.list.clone()),
        1 => signed(of.objects.clone(), &["==", "!="], of.objects.clone()),
        1 => signed(of.object.clone(), &["==", "!="], of.object.clone()),
        1 => signed(of.flag.clone(), &["and", "or", "==", "!="], of.flag.clone()),
        1 => (of.number.clone(), prop::sample::select(tests)).prop_map(|(of, test)| of.each(|of| format!("({of}{test})"))),
        1 => (of.text.clone(), prop::sample::select(of_text)).prop_map(|(of, test)| of.each(|of| format!("({of}{test})"))),
        1 => (prop_oneof![of.list.clone(), of.texts.clone(), of.objects.clone(), of.object.clone()], prop::sample::select(of_any))
            .prop_map(|(of, test)| of.each(|of| format!("({of}{test})"))),
        1 => of.flag.clone().prop_map(|of| of.each(|of| format!("(not {of})"))),
        1 => prop_oneof![of.number.clone(), of.text.clone(), of.list.clone(), of.object.clone()].prop_map(|of| of.each(|of| format!("(not {of})"))),
    ]
    .boxed()
}

fn list(of: &Kinds) -> Expression {
    let leaf = one_of(LISTS);
    prop_oneof![
        2 => leaf,
        3 => with_filter(of.list.clone(), &[
            "sort", "sort(reverse=true)", "unique", "reverse", "list", "select", "select('odd')", "reject('divisibleby', 3)",
            "select('gt', 1)", "map('abs')", "map('round')", "map('string')|map('int')", "select('in', [1, 2])",
        ]),
        1 => with_part(of.list.clone(), &["[1:]", "[:-1]", "[::-1]", "[1:4:2]", "[-2:]", "[5:1:-2]", "[:]"]),
        1 => signed(of.list.clone(), &["+"], of.list.clone()),
        1 => with_filter(of.texts.clone(), &["map('length')"]),
        1 => with_filter(of.objects.clone(), &["map(attribute='a', default=0)|select('number')"]),
        1 => prop::collection::vec(of.number.clone(), 0..4).prop_map(|items| Both::all(&items, ", ").each(|items| format!("[{items}]"))),
        1 => choice(&of.list, &of.flag),
    ]
    .boxed()
}

fn texts(of: &Kinds) -> Expression {
    let leaf = one_of(TEXT_LISTS);
    prop_oneof![
        2 => leaf,
        3 => with_filter(of.texts.clone(), &[
            "sort", "sort(reverse=true, case_sensitive=true)", "unique", "unique(case_sensitive=true)", "reverse", "list",
            "select", "reject('startingwith', 'a')", "map('upper')", "map('replace', 'a', 'b')", "select('in', 'abc')",
            "reject('eq', 'car')",
        ]),
        1 => with_filter(of.text.clone(), &["split", "split(',')", "split('a')"]),
        1 => with_part(of.texts.clone(), &["[1:]", "[::-1]"]).prop_map(|of| of.each(|of| format!("({of})|map('string')|list"))),
        1 => with_filter(of.objects.clone(), &["map(attribute='name', default='')"]),
        1 => prop::collection::vec(of.text.clone(), 0..4).prop_map(|items| Both::all(&items, ", ").each(|items| format!("[{items}]"))),
    ]
    .prop_map(|of| of.each(|of| format!("({of})")))
    .boxed()
}

fn objects(of: &Kinds) -> Expression {
    let leaf = one_of(OBJECT_LISTS);
    prop_oneof![
        2 => leaf,
        3 => with_filter(of.objects.clone(), &[
            "sort(attribute='name')", "unique(attribute='name')", "reverse", "selectattr('name', '==', 'car')",
            "selectattr('tag', 'defined')", "rejectattr('bounding_box')", "selectattr('name', 'in', ['car', 'a'])",
            "sort(attribute='name', reverse=true, case_sensitive=true)", "list", "rejectattr('name', 'ne', 'a')",
            "selectattr('name', 'startingwith', 'c')", "selectattr('bounding_box.w', 'gt', 1)",
        ]),
        1 => with_part(of.objects.clone(), &["[1:]", "[::-1]"]),
        1 => prop::collection::vec(of.object.clone(), 0..3).prop_map(|items| Both::all(&items, ", ").each(|items| format!("[{items}]"))),
    ]
    .prop_map(|of| of.each(|of| format!("({of})")))
    .boxed()
}

fn object(of: &Kinds) -> Expression {
    let leaf = one_of(OBJECTS);
    prop_oneof![
        2 => leaf,
        1 => with_filter(of.objects.clone(), &["first|default({})", "last|default({})", "max(attribute='name')|d({})"]),
        1 => (of.number.clone(), of.text.clone()).prop_map(|(a, b)| a.with(&b, |a, b| format!("{{'a': {a}, 'name': {b}}}"))),
    ]
    .boxed()
}

/// Lists of pairs.
fn pairs(of: &Kinds) -> Expression {
    prop_oneof![
        with_filter(
            of.object.clone(),
            &[
                "items",
                "dictsort",
                "dictsort(reverse=true, case_sensitive=true)"
            ]
        ),
        with_filter(
            one_of(&["count_by_class()", "{'b': 1, 'A': 0.5, 'a': 2}"]),
            &[
                "dictsort(by='value')",
                "dictsort(by='value', reverse=true)|list"
            ]
        ),
        with_filter(
            of.objects.clone(),
            &["groupby('name')", "groupby(attribute='name')|list"]
        ),
    ]
    .boxed()
}

/// The strategies of a template.
pub(super) fn parts() -> super::Parts {
    let mut of = Kinds::leaves();
    for _ in 0..2 {
        of = of.deeper();
    }
    let any = prop_oneof![
        of.number.clone(),
        of.text.clone(),
        of.flag.clone(),
        of.list.clone(),
        of.texts.clone(),
        of.objects.clone(),
        of.object.clone(),
        pairs(&of),
    ]
    .boxed();
    super::Parts {
        lists: prop_oneof![
            of.list.clone(),
            of.texts.clone(),
            of.objects.clone(),
            of.object.clone()
        ]
        .boxed(),
        pairs: pairs(&of),
        any: prop_oneof![5 => any.clone(), 1 => with_filter(any, &["tojson", "string"])].boxed(),
    }
}
