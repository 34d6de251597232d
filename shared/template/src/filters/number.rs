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

/// `round(precision)`, a half to the even neighbour, as in Python.
pub(super) fn round<'d>(
    _: &mut Run<'d>,
    value: Value<'d>,
    mut args: Args<'d>,
) -> Result<Value<'d>, Fault> {
    let precision = args.int("precision")?.unwrap_or(0).clamp(-400, 400);
    args.finish()?;
    match value {
        Value::Int(int) if precision >= 0 => Ok(Value::Int(int)),
        Value::Int(int) => round_int(int, precision.unsigned_abs()),
        Value::Float(float) => finite(round_float(float, precision)),
        other => Err(no_number(&other)),
    }
}

fn round_int<'d>(int: i128, places: u128) -> Result<Value<'d>, Fault> {
    let factor = u32::try_from(places)
        .ok()
        .and_then(|places| 10_i128.checked_pow(places));
    let Some(factor) = factor else {
        return Ok(Value::Int(0));
    };
    let (quotient, rest) = (int.div_euclid(factor), int.rem_euclid(factor));
    let up = rest > factor - rest || (rest == factor - rest && quotient % 2 != 0);
    (quotient + i128::from(up))
        .checked_mul(factor)
        .map(Value::Int)
        .ok_or_else(|| Fault::failed("the result is too large a number"))
}

/// By its digits, because a multiple of ten would not be exact.
fn round_float(float: f64, precision: i128) -> f64 {
    let parsed = |digits: String| digits.parse().unwrap_or(float);
    if let Ok(places) = usize::try_from(precision) {
        return parsed(format!("{float:.places$}"));
    }
    let digits = format!("{float:e}");
    let exponent = digits
        .split('e')
        .nth(1)
        .and_then(|exponent| exponent.parse::<i128>().ok());
    match exponent.map(|exponent| usize::try_from(exponent + precision)) {
        Some(Ok(kept)) => parsed(format!("{float:.kept$e}")),
        // It is less than one of what is kept: nothing, or one if it is more than a half.
        _ if float.abs() > parsed(format!("5e{}", -precision - 1)) => {
            parsed(format!("1e{}", -precision)).copysign(float)
        }
        _ => 0_f64.copysign(float),
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
    found
        .map(Value::Int)
        .or(default)
        .ok_or_else(|| no_number(&value))
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
    found
        .filter(|float: &f64| float.is_finite())
        .map(Value::Float)
        .or(default)
        .ok_or_else(|| no_number(&value))
}

/// Without what comes after the point.
fn whole(float: f64) -> Option<i128> {
    // Well within what an integer holds.
    (float.abs() < 1e30).then_some(float as i128)
}

fn no_number(value: &Value<'_>) -> Fault {
    Fault::failed(format!("{} is no number", value.kind()))
}
