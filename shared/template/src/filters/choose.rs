use crate::fault::Fault;
use crate::limits::MAX_SHOWN;
use crate::run::{Args, Run, Test, test};
use crate::value::{Text, Value};

use super::keys::attribute;

/// `default(value, also_if_false)`.
pub(super) fn default<'d>(
    _: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let instead = args.next("default_value").unwrap_or(Value::text(""));
    let also_if_false = args.flag("boolean");
    args.finish()?;
    let missing = matches!(value, Value::Undefined) || (also_if_false && !value.is_true());
    Ok(if missing { instead } else { value })
}

/// `map(attribute="a.b", default=…)`, or `map("upper", …)`.
pub(super) fn map<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let mut mapped = Vec::new();
    if let Some(path) = args.named("attribute") {
        let Value::Text(path) = path else {
            return Err(Fault::failed("attribute must be a text"));
        };
        let default = args.named("default");
        args.finish()?;
        for item in run.items(&value)? {
            run.item()?;
            mapped.push(match (attribute(run, &item, &path)?, &default) {
                (Value::Undefined, Some(default)) => default.clone(),
                (Value::Undefined, None) => {
                    let path = crate::words::shorten(&path, MAX_SHOWN);
                    let what = format!("{path} is not defined in an item: write default=…");
                    return Err(Fault::failed(what));
                }
                (found, _) => found,
            });
        }
        return run.list(mapped);
    }
    let name = args.needed_text("filter")?;
    let Some(filter) = super::find(&name) else {
        return Err(no_such("filter", &name));
    };
    // A filter that runs filters could go down without end.
    if filter.name == "map" {
        return Err(Fault::failed("map cannot be used within map"));
    }
    for item in run.items(&value)? {
        run.item()?;
        run.budget.steps(args.len())?;
        mapped.push((filter.run)(run, item, args.clone())?);
    }
    run.list(mapped)
}

/// Which items are kept: those for which the outcome is `wanted`.
struct Choice<'d> {
    path: Option<Text<'d>>,
    wanted: bool,
}

impl<'d> Choice<'d> {
    /// `args` names a test, whose arguments follow; without one it is truth.
    fn apply(
        &self,
        run: &mut Run<'d>,
        value: &Value<'d>,
        mut args: Args<'d>,
    ) -> Result<Value<'d>, Fault> {
        let chosen: Option<Test> = match args.text("test")? {
            None => None,
            Some(name) => Some(test(&name).ok_or_else(|| no_such("test", &name))?),
        };
        let mut kept = Vec::new();
        for item in run.items(value)? {
            run.item()?;
            run.budget.steps(args.len())?;
            let looked_at = match &self.path {
                Some(path) => attribute(run, &item, path)?,
                None => item.clone(),
            };
            let holds = match chosen {
                Some(test) => {
                    let mut args = args.clone();
                    let holds = (test.run)(run, &looked_at, &mut args)?;
                    args.finish()?;
                    holds
                }
                None => looked_at.is_true(),
            };
            if holds == self.wanted {
                kept.push(item);
            }
        }
        run.list(kept)
    }
}

fn no_such(what: &str, name: &str) -> Fault {
    let name = crate::words::shorten(name, MAX_SHOWN);
    Fault::failed(format!("there is no {what} {name:?}"))
}

/// `select("test", …)`.
pub(super) fn select<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let choice = Choice {
        path: None,
        wanted: true,
    };
    choice.apply(run, &value, args)
}

/// `reject("test", …)`.
pub(super) fn reject<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let choice = Choice {
        path: None,
        wanted: false,
    };
    choice.apply(run, &value, args)
}

/// `selectattr("attribute", "test", …)`.
pub(super) fn selectattr<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let path = Some(args.needed_text("attribute")?);
    Choice { path, wanted: true }.apply(run, &value, args)
}

/// `rejectattr("attribute", "test", …)`.
pub(super) fn rejectattr<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let path = Some(args.needed_text("attribute")?);
    Choice {
        path,
        wanted: false,
    }
    .apply(run, &value, args)
}
