use std::collections::HashSet;

use crate::fault::Fault;
use crate::run::Binary;
use crate::run::{Args, Run};
use crate::value::{Text, Value};

use super::keys::{Key, attribute, sort_by_key};

fn all<'d>(run: &mut Run<'d>, value: &Value<'d>) -> Result<Vec<Value<'d>>, Fault> {
    let mut found = Vec::new();
    for item in run.items(value)? {
        run.item()?;
        found.push(item);
    }
    Ok(found)
}

pub(super) fn length<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    if let Value::Text(text) = &value {
        run.read(text)?;
        return Ok(Value::count(text.chars().count()));
    }
    // A document that lacks its annotations has no length.
    run.items(&value)?;
    Ok(Value::count(value.length().unwrap_or(0)))
}

pub(super) fn list<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let items = all(run, &value)?;
    run.list(items)
}

pub(super) fn first<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    if matches!(value, Value::Text(_)) {
        return run.element(&value, &Value::Int(0));
    }
    Ok(run.items(&value)?.next().unwrap_or(Value::Undefined))
}

pub(super) fn last<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    if value.kind() == "an object" {
        run.budget.steps(value.length().unwrap_or(0))?;
        return Ok(run.items(&value)?.last().unwrap_or(Value::Undefined));
    }
    if !matches!(value, Value::Text(_)) {
        run.items(&value)?;
    }
    run.element(&value, &Value::Int(-1))
}

pub(super) fn reverse<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    if matches!(value, Value::Text(_)) {
        return run.slice(&value, [None, None, Some(-1)]);
    }
    let mut items = all(run, &value)?;
    items.reverse();
    run.list(items)
}

/// `a.b` of an item, or what stands for it where it is missing.
fn attribute_or<'d>(
    run: &mut Run<'d>,
    item: &Value<'d>,
    path: &str,
    default: &Value<'d>,
) -> Result<Value<'d>, Fault> {
    Ok(match attribute(run, item, path)? {
        Value::Undefined => default.clone(),
        found => found,
    })
}

/// Items with their keys, by an attribute or themselves.
fn keyed<'d>(
    run: &mut Run<'d>,
    value: &Value<'d>,
    path: Option<(&str, &Value<'d>)>,
    exact: bool,
) -> Result<Vec<(Key, Value<'d>)>, Fault> {
    let mut found = Vec::new();
    for item in run.items(value)? {
        run.item()?;
        let key = match path {
            Some((path, default)) => attribute_or(run, &item, path, default)?,
            None => item.clone(),
        };
        run.budget.memory(size_of::<Key>())?;
        found.push((Key::of(run, &key, exact)?, item));
    }
    Ok(found)
}

/// Without a default what is missing has no order.
fn or_missing<'d>(path: Option<&str>) -> Option<(&str, &Value<'d>)> {
    path.map(|path| (path, &Value::Undefined))
}

fn without_keys<'d>(run: &mut Run<'d>, keyed: Vec<(Key, Value<'d>)>) -> Result<Value<'d>, Fault> {
    run.budget.memory(keyed.len() * size_of::<Value<'d>>())?;
    run.list(keyed.into_iter().map(|(_, item)| item).collect())
}

/// `sort(reverse, case_sensitive, attribute)`.
pub(super) fn sort<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let (reverse, exact) = (args.flag("reverse"), args.flag("case_sensitive"));
    let path = args.text("attribute")?;
    args.finish()?;
    let mut keyed = keyed(run, &value, or_missing(path.as_deref()), exact)?;
    sort_by_key(run, &mut keyed, reverse)?;
    without_keys(run, keyed)
}

/// `unique(case_sensitive, attribute)`: the first of each.
pub(super) fn unique<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let exact = args.flag("case_sensitive");
    let path = args.text("attribute")?;
    args.finish()?;
    let mut seen: HashSet<(bool, u64, String)> = HashSet::new();
    let mut kept = keyed(run, &value, or_missing(path.as_deref()), exact)?;
    for (key, _) in &kept {
        run.budget.memory(size_of::<(bool, u64, String)>() * 2)?;
        if let Key::Text(text) = key {
            run.budget.memory(text.len())?;
        }
    }
    kept.retain(|(key, _)| {
        seen.insert(match key {
            // 0 and -0 are one.
            Key::Number(number) => (false, (number + 0.0).to_bits(), String::new()),
            Key::Text(text) => (true, 0, text.clone()),
        })
    });
    without_keys(run, kept)
}

fn extreme<'d>(
    run: &mut Run<'d>,
    value: &Value<'d>,
    mut args: Args<'d>,
    greatest: bool,
) -> Result<Value<'d>, Fault> {
    let exact = args.flag("case_sensitive");
    let path = args.text("attribute")?;
    args.finish()?;
    let mut keyed = keyed(run, value, or_missing(path.as_deref()), exact)?;
    sort_by_key(run, &mut keyed, greatest)?;
    Ok(keyed
        .into_iter()
        .next()
        .map_or(Value::Undefined, |(_, item)| item))
}

pub(super) fn max<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    extreme(run, &value, args, true)
}

pub(super) fn min<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    extreme(run, &value, args, false)
}

/// `sum(attribute, start)` of numbers.
pub(super) fn sum<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let path = args.text("attribute")?;
    let mut sum = args.next("start").unwrap_or(Value::Int(0));
    args.finish()?;
    for item in run.items(&value)? {
        run.budget.steps(1)?;
        let item = match &path {
            Some(path) => attribute(run, &item, path)?,
            None => item,
        };
        if item.as_f64().is_none() || sum.as_f64().is_none() {
            let what = format!("{} cannot be summed: only numbers can", item.kind());
            return Err(Fault::failed(what));
        }
        sum = run.binary(Binary::Add, &sum, &item)?;
    }
    Ok(sum)
}

/// `groupby(attribute, default, case_sensitive)`: pairs of the attribute's value and the items that have it, in the
/// values' order. Without regard to case, the first one's spelling counts.
pub(super) fn groupby<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let path = args.needed_text("attribute")?;
    let default = args.named("default").unwrap_or(Value::Undefined);
    let exact = args
        .named("case_sensitive")
        .is_some_and(|flag| flag.is_true());
    args.finish()?;
    let mut keyed = keyed(run, &value, Some((&path, &default)), exact)?;
    sort_by_key(run, &mut keyed, false)?;
    let mut groups: Vec<(Key, Vec<Value<'d>>)> = Vec::new();
    for (key, item) in keyed {
        run.item()?;
        match groups.last_mut() {
            Some((known, items)) if known.order(&key).is_eq() => items.push(item),
            _ => {
                for _ in 0..4 {
                    run.item()?;
                }
                groups.push((key, vec![item]));
            }
        }
    }
    let mut pairs = Vec::new();
    for (_, items) in groups {
        let name = match items.first() {
            Some(item) => attribute_or(run, item, &path, &default)?,
            None => Value::Undefined,
        };
        let items = run.list(items)?;
        run.item()?;
        pairs.push(run.list(vec![name, items])?);
    }
    run.list(pairs)
}

fn pairs<'d>(
    run: &mut Run<'d>,
    members: impl IntoIterator<Item = (Text<'d>, Value<'d>)>,
) -> Result<Value<'d>, Fault> {
    let mut pairs = Vec::new();
    for (name, value) in members {
        for _ in 0..4 {
            run.item()?;
        }
        pairs.push(run.list(vec![Value::Text(name), value])?);
    }
    run.list(pairs)
}

/// Pairs of name and value.
pub(super) fn items<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    let members = run.members(&value)?;
    pairs(run, members)
}

/// `dictsort(case_sensitive, by, reverse)`: pairs of name and value, sorted by `"key"` or `"value"`.
pub(super) fn dictsort<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let exact = args.flag("case_sensitive");
    let by = args.text("by")?;
    let reverse = args.flag("reverse");
    args.finish()?;
    let by_value = match by.as_deref() {
        None | Some("key") => false,
        Some("value") => true,
        Some(_) => return Err(Fault::failed("dictsort sorts by \"key\" or \"value\"")),
    };
    let mut keyed = Vec::new();
    for (name, value) in run.members(&value)? {
        run.budget.memory(size_of::<Key>())?;
        let key = if by_value {
            Key::of(run, &value, exact)?
        } else {
            Key::of(run, &Value::Text(name.clone()), exact)?
        };
        keyed.push((key, (name, value)));
    }
    sort_by_key(run, &mut keyed, reverse)?;
    pairs(run, keyed.into_iter().map(|(_, member)| member))
}
