use std::cmp::Ordering;

use serde_json::Value as Json;

use super::program::Comparison;
use crate::fault::Fault;
use crate::limits::MAX_DEPTH;
use crate::value::Value;

use super::{Items, Run};

/// Two lists or objects that are compared, as far as they are gone through.
enum Parts<'d> {
    Lists(Items<'d>, Items<'d>),
    /// The names of the first, and both.
    Objects(Items<'d>, Value<'d>, Value<'d>),
}

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

    /// Equality by content. A number never equals a text, nor true a number. What is nested is gone through
    /// without recursion.
    pub(crate) fn equal(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<bool, Fault> {
        let mut open: Vec<Parts<'d>> = Vec::new();
        let mut pair = (left.clone(), right.clone());
        loop {
            let (left, right) = pair;
            match self.equal_flat(&left, &right)? {
                Some(false) => return Ok(false),
                Some(true) => {}
                None if open.len() == MAX_DEPTH => {
                    return Err(Fault::limit(format!(
                        "what is compared is nested more than {MAX_DEPTH} deep"
                    )));
                }
                None if is_object(&left) => {
                    open.push(Parts::Objects(self.items(&left)?, left, right));
                }
                None => open.push(Parts::Lists(self.items(&left)?, self.items(&right)?)),
            }
            pair = loop {
                let Some(parts) = open.last_mut() else {
                    return Ok(true);
                };
                match self.next_pair(parts)? {
                    Some(next) => break next,
                    None => open.pop(),
                };
            };
        }
    }

    /// Equality of what has no parts; none if both have parts of one kind, and as many.
    fn equal_flat(&mut self, left: &Value<'d>, right: &Value<'d>) -> Result<Option<bool>, Fault> {
        self.budget.steps(1)?;
        if let (Some(left), Some(right)) = (left.as_text(), right.as_text()) {
            if left.len() != right.len() {
                return Ok(Some(false));
            }
            self.read(left)?;
            return Ok(Some(left == right));
        }
        Ok(match (left, right) {
            (Value::Undefined, Value::Undefined) | (Value::Null, Value::Null) => Some(true),
            (Value::Bool(left), Value::Bool(right)) => Some(left == right),
            (Value::Int(left), Value::Int(right)) => Some(left == right),
            (Value::Int(int), Value::Float(float)) | (Value::Float(float), Value::Int(int)) => {
                // A large number is not its rounded one.
                Some(*int as f64 == *float && *float as i128 == *int)
            }
            _ => match (left.as_f64(), right.as_f64()) {
                (Some(left), Some(right)) => Some(left == right),
                _ if left.length().is_none() || left.length() != right.length() => Some(false),
                _ => (is_object(left) != is_object(right)).then_some(false),
            },
        })
    }

    /// The next parts of two lists or objects that are compared.
    fn next_pair(&mut self, open: &mut Parts<'d>) -> Result<Option<(Value<'d>, Value<'d>)>, Fault> {
        self.budget.steps(1)?;
        match open {
            Parts::Lists(left, right) => Ok(left.next().zip(right.next())),
            Parts::Objects(names, left, right) => {
                let Some(name) = names.next() else {
                    return Ok(None);
                };
                let name = name.as_text().unwrap_or_default();
                let pair = (self.attribute(left, name)?, self.attribute(right, name)?);
                Ok(Some(pair))
            }
        }
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
