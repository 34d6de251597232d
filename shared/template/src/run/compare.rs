use std::cmp::Ordering;

use serde_json::Value as Json;

use super::program::Comparison;
use crate::fault::Fault;
use crate::limits::MAX_DEPTH;
use crate::value::Value;

use super::Run;

impl<'d> Run<'d> {
    /// Whether `left comparison right`.
    pub(crate) fn compare(
        &mut self,
        comparison: Comparison,
        left: &Value<'d>,
        right: &Value<'d>,
    ) -> Result<bool, Fault> {
        Ok(match comparison {
            Comparison::Equal => self.equal(left, right)?,
            Comparison::NotEqual => !self.equal(left, right)?,
            Comparison::Less => self.order(left, right)?.is_lt(),
            Comparison::LessOrEqual => self.order(left, right)?.is_le(),
            Comparison::Greater => self.order(left, right)?.is_gt(),
            Comparison::GreaterOrEqual => self.order(left, right)?.is_ge(),
            Comparison::In => self.contains(right, left)?,
            Comparison::NotIn => !self.contains(right, left)?,
        })
    }

    /// Equality by content. A number never equals a text, nor true a number.
    pub(crate) fn equal(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<bool, Fault> {
        self.equal_at(left, right, 0)
    }

    fn equal_at(
        &mut self,
        left: &Value<'d>,
        right: &Value<'d>,
        depth: usize,
    ) -> Result<bool, Fault> {
        self.budget.steps(1)?;
        if depth == MAX_DEPTH {
            return Err(Fault::limit(
                "what is compared is nested more than 600 deep",
            ));
        }
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            if left.len() != right.len() {
                return Ok(false);
            }
            self.read(left)?;
            return Ok(left == right);
        }
        match (left, right) {
            (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => Ok(true),
            (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
            (Value::Int(left), Value::Int(right)) => Ok(left == right),
            _ => match (left.as_f64(), right.as_f64()) {
                (Some(left), Some(right)) => Ok(left == right),
                _ => self.equal_parts(left, right, depth + 1),
            },
        }
    }

    fn equal_parts(
        &mut self,
        left: &Value<'d>,
        right: &Value<'d>,
        depth: usize,
    ) -> Result<bool, Fault> {
        if is_object(left) != is_object(right) || left.length() != right.length() {
            return Ok(false);
        }
        if left.length().is_none() {
            return Ok(false);
        }
        let items = self.items(left)?;
        if is_object(left) {
            for name in items {
                let name = name.as_text().unwrap_or_default();
                let (left, right) = (self.attribute(left, name)?, self.attribute(right, name)?);
                if !self.equal_at(&left, &right, depth)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        for (left, right) in items.zip(self.items(right)?) {
            if !self.equal_at(&left, &right, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The order of two numbers, or of two texts.
    pub(crate) fn order(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<Ordering, Fault> {
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            self.read(if left.len() < right.len() {
                left
            } else {
                right
            })?;
            return Ok(left.cmp(right));
        }
        if let (Value::Int(left), Value::Int(right)) = (left, right) {
            return Ok(left.cmp(right));
        }
        match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => Ok(left.partial_cmp(&right).unwrap_or(Ordering::Equal)),
            _ => Err(Fault::failed(format!(
                "{} and {} have no order: only numbers or texts have one",
                left.kind(),
                right.kind()
            ))),
        }
    }

    /// `item in all`: an item of a list, a member of an object, a part of a text.
    pub(crate) fn contains(&mut self, all: &Value<'d>, item: &Value<'d>) -> Result<bool, Fault> {
        if let (Some(all), Some(part)) = (all.as_text(), item.as_text()) {
            self.read(all)?;
            self.read(part)?;
            return Ok(all.contains(part));
        }
        if is_object(all) {
            return match item {
                Value::Text(name) => {
                    let found = self.attribute(all, name)?;
                    Ok(!matches!(found, Value::Undefined))
                }
                _ => Ok(false),
            };
        }
        for known in self.items(all)? {
            if self.equal(&known, item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn is_object(value: &Value<'_>) -> bool {
    matches!(value, Value::Map(_) | Value::Json(Json::Object(_)))
}
