use std::cmp::Ordering;

use crate::fault::Fault;
use crate::run::Run;
use crate::value::Value;

/// What a list is sorted or grouped by. Keys of one list are all of one kind, so their order is total.
#[derive(Clone, Debug)]
pub(super) enum Key {
    Number(f64),
    Text(String),
}

impl Key {
    /// Charged for. Texts are compared without regard to case unless `exact`.
    pub(super) fn of<'d>(run: &mut Run<'d>, value: &Value<'d>, exact: bool) -> Result<Self, Fault> {
        run.item()?;
        if let Some(number) = value.as_f64() {
            return Ok(Self::Number(number));
        }
        match value {
            Value::Bool(bool) => Ok(Self::Number(f64::from(u8::from(*bool)))),
            Value::Text(text) => {
                run.budget.memory(text.len() * 3)?;
                Ok(Self::Text(if exact {
                    text.to_string()
                } else {
                    text.to_lowercase()
                }))
            }
            other => Err(Fault::failed(format!(
                "{} has no order: only numbers or texts have one",
                other.kind()
            ))),
        }
    }

    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left), Self::Number(right)) => left.total_cmp(right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }

    /// How many bytes a comparison looks at, at most.
    const fn length(&self) -> usize {
        match self {
            Self::Number(_) => 0,
            Self::Text(text) => text.len(),
        }
    }
}

/// Sorts by the keys and keeps the order of equal ones. Charged for in full beforehand.
pub(super) fn sort_by_key<T>(
    run: &mut Run<'_>,
    keyed: &mut [(Key, T)],
    reverse: bool,
) -> Result<(), Fault> {
    let mixed = keyed
        .windows(2)
        .any(|pair| matches!(pair[0].0, Key::Number(_)) != matches!(pair[1].0, Key::Number(_)));
    if mixed {
        return Err(Fault::failed(
            "numbers and texts have no order among each other",
        ));
    }
    let rounds = keyed.len().checked_ilog2().unwrap_or(0) as usize + 1;
    for (key, _) in &*keyed {
        run.budget
            .steps((key.length() / 64 + 1).saturating_mul(rounds))?;
    }
    if reverse {
        keyed.sort_by(|left, right| right.0.order(&left.0));
    } else {
        keyed.sort_by(|left, right| left.0.order(&right.0));
    }
    Ok(())
}

/// `a.b` of an item, as the argument `attribute` has it.
pub(super) fn attribute<'d>(
    run: &mut Run<'d>,
    item: &Value<'d>,
    path: &str,
) -> Result<Value<'d>, Fault> {
    let mut found = item.clone();
    for name in path.split('.') {
        run.budget.steps(1)?;
        found = match name.parse() {
            Ok(index) => run.element(&found, &Value::Int(index))?,
            Err(_) => run.attribute(&found, name)?,
        };
    }
    Ok(found)
}
