use super::program::Binary;
use crate::fault::Fault;
use crate::value::{Text, Value};

use super::json::number;
use super::{Output, Run};

impl<'d> Run<'d> {
    /// `left operator right`.
    pub(crate) fn binary(
        &mut self,
        operator: Binary,
        left: &Value<'d>,
        right: &Value<'d>,
    ) -> Result<Value<'d>, Fault> {
        match (operator, left, right) {
            (Binary::Join, ..) => {
                let (left, right) = (self.text_of(left)?, self.text_of(right)?);
                self.join(&left, &right)
            }
            (Binary::Add, Value::Text(left), Value::Text(right)) => self.join(left, right),
            (Binary::Add, _, _) if left.kind() == "a list" && right.kind() == "a list" => {
                let mut all = Vec::new();
                for list in [left, right] {
                    for item in self.items(list)? {
                        self.item()?;
                        all.push(item);
                    }
                }
                self.list(all)
            }
            (_, Value::Int(left), Value::Int(right)) => integers(operator, *left, *right),
            _ => match (left.as_f64(), right.as_f64()) {
                (Some(left), Some(right)) => floats(operator, left, right),
                _ => Err(Fault::failed(format!(
                    "{} and {} cannot be used with this sign",
                    left.kind(),
                    right.kind()
                ))),
            },
        }
    }

    fn join(&mut self, left: &str, right: &str) -> Result<Value<'d>, Fault> {
        self.budget.memory(left.len() + right.len())?;
        Ok(Value::Text(Text::Made([left, right].concat().into())))
    }

    /// A value as text: a text as it is, everything else as JSON.
    pub(crate) fn text_of(&mut self, value: &Value<'d>) -> Result<Text<'d>, Fault> {
        match value {
            Value::Text(text) => Ok(text.clone()),
            Value::Raw(text) => Ok(Text::Made(text.clone())),
            Value::Int(_) | Value::Float(_) => {
                let number = number(value).unwrap_or_default();
                self.budget.memory(number.len())?;
                Ok(Text::Made(number.into()))
            }
            _ => {
                let mut output = Output::default();
                self.write_json(value, &mut output)?;
                Ok(Text::Made(output.into_text().into()))
            }
        }
    }
}

/// `-value`.
pub(super) fn negate<'d>(value: &Value<'d>) -> Result<Value<'d>, Fault> {
    match value {
        Value::Int(int) => int.checked_neg().map(Value::Int).ok_or_else(too_large),
        Value::Float(float) => Ok(Value::Float(-float)),
        other => Err(Fault::failed(format!("{} is no number", other.kind()))),
    }
}

pub(super) fn no_integer(value: &Value<'_>) -> Fault {
    Fault::failed(format!("{} is no whole number", value.kind()))
}

fn too_large() -> Fault {
    Fault::failed("the result is too large a number")
}

fn by_zero() -> Fault {
    Fault::failed("a number cannot be divided by 0")
}

fn integers<'d>(operator: Binary, left: i128, right: i128) -> Result<Value<'d>, Fault> {
    let result = match operator {
        Binary::Add => left.checked_add(right),
        Binary::Subtract => left.checked_sub(right),
        Binary::Multiply => left.checked_mul(right),
        Binary::FloorDivide | Binary::Remainder if right == 0 => return Err(by_zero()),
        // Towards minus infinity, as in Python.
        Binary::FloorDivide => left.checked_div(right).map(|quotient| {
            let exact = left.checked_rem(right).is_none_or(|rest| rest == 0);
            if exact || (left < 0) == (right < 0) {
                quotient
            } else {
                quotient - 1
            }
        }),
        Binary::Remainder => left.checked_rem(right).map(|rest| {
            if rest == 0 || (rest < 0) == (right < 0) {
                rest
            } else {
                rest + right
            }
        }),
        Binary::Power if right >= 0 => u32::try_from(right)
            .ok()
            .and_then(|right| left.checked_pow(right)),
        Binary::Power | Binary::Divide | Binary::Join => {
            return floats(operator, left as f64, right as f64);
        }
    };
    result.map(Value::Int).ok_or_else(too_large)
}

fn floats<'d>(operator: Binary, left: f64, right: f64) -> Result<Value<'d>, Fault> {
    let divides = matches!(
        operator,
        Binary::Divide | Binary::FloorDivide | Binary::Remainder
    );
    if divides && right == 0.0 {
        return Err(by_zero());
    }
    finite(match operator {
        Binary::Add => left + right,
        Binary::Subtract => left - right,
        Binary::Multiply => left * right,
        Binary::Divide => left / right,
        Binary::FloorDivide => quotient_and_rest(left, right).0,
        Binary::Remainder => quotient_and_rest(left, right).1,
        Binary::Power => left.powf(right),
        Binary::Join => return Err(too_large()),
    })
}

/// Towards minus infinity, as in Python: the rest has the divisor's sign, and is exact.
fn quotient_and_rest(left: f64, right: f64) -> (f64, f64) {
    let mut rest = left % right;
    let mut quotient = (left - rest) / right;
    if rest == 0.0 {
        rest = 0_f64.copysign(right);
    } else if (rest < 0.0) != (right < 0.0) {
        rest += right;
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return (0_f64.copysign(left / right), rest);
    }
    // The division may have been rounded to just below a whole number.
    let whole = quotient.floor();
    let below = quotient - whole > 0.5;
    (if below { whole + 1.0 } else { whole }, rest)
}

/// A number that JSON can hold.
pub(crate) fn finite<'d>(float: f64) -> Result<Value<'d>, Fault> {
    if float.is_finite() {
        Ok(Value::Float(float))
    } else {
        Err(too_large())
    }
}
