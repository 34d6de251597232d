use super::program::{Comparison, Test};
use crate::fault::Fault;
use crate::value::Value;

use super::{Args, Run};

const TESTS: [Test; 28] = [
    Test {
        name: "defined",
        run: |_, value, _| Ok(!matches!(value, Value::Undefined)),
    },
    Test {
        name: "undefined",
        run: |_, value, _| Ok(matches!(value, Value::Undefined)),
    },
    Test {
        name: "none",
        run: |_, value, _| Ok(matches!(value, Value::Null)),
    },
    Test {
        name: "true",
        run: |_, value, _| Ok(matches!(value, Value::Bool(true))),
    },
    Test {
        name: "false",
        run: |_, value, _| Ok(matches!(value, Value::Bool(false))),
    },
    Test {
        name: "boolean",
        run: |_, value, _| Ok(matches!(value, Value::Bool(_))),
    },
    Test {
        name: "number",
        run: |_, value, _| Ok(value.as_f64().is_some()),
    },
    Test {
        name: "integer",
        run: |_, value, _| Ok(matches!(value, Value::Int(_))),
    },
    Test {
        name: "float",
        run: |_, value, _| Ok(matches!(value, Value::Float(_))),
    },
    Test {
        name: "string",
        run: |_, value, _| Ok(matches!(value, Value::Text(_))),
    },
    Test {
        name: "sequence",
        run: |_, value, _| Ok(value.kind() == "a list"),
    },
    Test {
        name: "mapping",
        run: |_, value, _| Ok(value.kind() == "an object"),
    },
    Test {
        name: "iterable",
        run: |_, value, _| Ok(value.length().is_some()),
    },
    Test {
        name: "odd",
        run: |_, value, _| Ok(remainder(value, 2)?.is_some_and(|rest| rest != 0)),
    },
    Test {
        name: "even",
        run: |_, value, _| Ok(remainder(value, 2)? == Some(0)),
    },
    Test {
        name: "divisibleby",
        run: divisible,
    },
    Test {
        name: "in",
        run: |run, value, args| by(run, Comparison::In, value, args),
    },
    Test {
        name: "eq",
        run: |run, value, args| by(run, Comparison::Equal, value, args),
    },
    Test {
        name: "equalto",
        run: |run, value, args| by(run, Comparison::Equal, value, args),
    },
    Test {
        name: "ne",
        run: |run, value, args| by(run, Comparison::NotEqual, value, args),
    },
    Test {
        name: "lt",
        run: |run, value, args| by(run, Comparison::Less, value, args),
    },
    Test {
        name: "lessthan",
        run: |run, value, args| by(run, Comparison::Less, value, args),
    },
    Test {
        name: "le",
        run: |run, value, args| by(run, Comparison::LessOrEqual, value, args),
    },
    Test {
        name: "gt",
        run: |run, value, args| by(run, Comparison::Greater, value, args),
    },
    Test {
        name: "greaterthan",
        run: |run, value, args| by(run, Comparison::Greater, value, args),
    },
    Test {
        name: "ge",
        run: |run, value, args| by(run, Comparison::GreaterOrEqual, value, args),
    },
    Test {
        name: "startingwith",
        run: |run, value, args| at_edge(run, value, args, |text, part| text.starts_with(part)),
    },
    Test {
        name: "endingwith",
        run: |run, value, args| at_edge(run, value, args, |text, part| text.ends_with(part)),
    },
];

/// The test of that name; a sign such as `==`, as `selectattr` takes it, is one too.
pub(crate) fn test(name: &str) -> Option<Test> {
    let name = match name {
        "==" => "eq",
        "!=" => "ne",
        "<" => "lt",
        "<=" => "le",
        ">" => "gt",
        ">=" => "ge",
        name => name,
    };
    TESTS.into_iter().find(|known| known.name == name)
}

pub(crate) fn test_names() -> impl Iterator<Item = &'static str> {
    TESTS.into_iter().map(|known| known.name)
}

/// A comparison with the test's argument. What is undefined equals nothing, and is in nothing.
fn by<'d>(
    run: &mut Run<'d>,
    comparison: Comparison,
    value: &Value<'d>,
    args: &mut Args<'d>,
) -> Result<bool, Fault> {
    let other = args.needed("other")?;
    if matches!(value, Value::Undefined) {
        return Ok(comparison == Comparison::NotEqual);
    }
    run.compare(comparison, value, &other)
}

fn at_edge<'d>(
    run: &mut Run<'d>,
    value: &Value<'d>,
    args: &mut Args<'d>,
    holds: fn(&str, &str) -> bool,
) -> Result<bool, Fault> {
    let part = args.needed_text("other")?;
    run.read(&part)?;
    Ok(value.as_text().is_some_and(|text| holds(text, &part)))
}

fn divisible<'d>(_: &mut Run<'d>, value: &Value<'d>, args: &mut Args<'d>) -> Result<bool, Fault> {
    match args.int("num")? {
        None | Some(0) => Err(Fault::failed("divisibleby needs a number that is not 0")),
        Some(divisor) => Ok(remainder(value, divisor)? == Some(0)),
    }
}

/// What is left of a whole number; of another number nothing can be said.
fn remainder(value: &Value<'_>, divisor: i128) -> Result<Option<i128>, Fault> {
    match value {
        // Of the smallest number by -1 it is 0, though the quotient overflows.
        Value::Int(int) => Ok(Some(int.checked_rem(divisor).unwrap_or(0))),
        Value::Float(float) if float.fract() == 0.0 => Ok(Some((float % divisor as f64) as i128)),
        Value::Float(_) => Ok(None),
        other => Err(super::arithmetic::no_integer(other)),
    }
}
