use crate::fault::Fault;
use crate::run::{Args, Run, finite};
use crate::value::Value;

pub(super) fn abs<'d>(
    _: &mut Run<'d>,
    value: Value<'d>,
    args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    args.finish()?;
    match value {
        Value::Int(int) => int
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Fault::failed("the result is too large a number")),
        Value::Float(float) => Ok(Value::Float(float.abs())),
        other => Err(no_number(&other)),
    }
}

/// `round(precision)`.
pub(super) fn round<'d>(
    _: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let precision = args.int("precision")?.unwrap_or(0).clamp(-300, 300);
    args.finish()?;
    match value {
        Value::Int(int) if precision >= 0 => Ok(Value::Int(int)),
        Value::Int(_) | Value::Float(_) => {
            let factor = 10_f64.powi(i32::try_from(precision).unwrap_or(0));
            let float = value.as_f64().unwrap_or_default();
            let scaled = float * factor;
            // A number so large has no digits after the point.
            finite(if scaled.is_finite() {
                scaled.round() / factor
            } else {
                float
            })
        }
        other => Err(no_number(&other)),
    }
}

/// `int(default)`: also of a text.
pub(super) fn int<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let default = args.next("default");
    args.finish()?;
    let found = match &value {
        Value::Int(int) => Some(*int),
        Value::Bool(bool) => Some(i128::from(*bool)),
        Value::Float(float) => whole(*float),
        Value::Text(text) => {
            run.read(text)?;
            let text = text.trim();
            text.parse()
                .ok()
                .or_else(|| text.parse().ok().and_then(whole))
        }
        _ => None,
    };
    match (found, default) {
        (Some(int), _) => Ok(Value::Int(int)),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(no_number(&value)),
    }
}

/// `float(default)`: also of a text.
pub(super) fn float<'d>(
    run: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let default = args.next("default");
    args.finish()?;
    let found = match &value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Text(text) => {
            run.read(text)?;
            text.trim().parse().ok()
        }
        other => other.as_f64(),
    };
    match (found.filter(|float: &f64| float.is_finite()), default) {
        (Some(float), _) => Ok(Value::Float(float)),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(no_number(&value)),
    }
}

/// Without what comes after the point.
fn whole(float: f64) -> Option<i128> {
    // Well within what an integer holds.
    (float.abs() < 1e30).then_some(float as i128)
}

fn no_number(value: &Value<'_>) -> Fault {
    Fault::failed(format!("{} is no number", value.kind()))
}
