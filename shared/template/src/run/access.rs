use std::ptr;

use serde_json::Value as Json;

use crate::context::CUT;
use crate::fault::Fault;
use crate::value::{Round, Value};

use super::Run;

/// How many members of a made object are compared with a name in one step.
const NAMES_OF_A_STEP: usize = 4;

impl<'d> Run<'d> {
    /// `value.name`; what is not there is undefined, and so is what would be in it.
    pub(crate) fn attribute(&mut self, value: &Value<'d>, name: &str) -> Result<Value<'d>, Fault> {
        Ok(match value {
            Value::Json(json) => {
                let root = ptr::eq(*json, &*self.context.document.root);
                if root && !self.context.document.whole && CUT.contains(&name) {
                    return Err(Fault::no_annotations(format!("document.{name}")));
                }
                self.read(name)?;
                json.get(name).map_or(Value::Undefined, Value::of)
            }
            Value::Map(map) => {
                let steps_of_name = name.len() / 64 + 1;
                self.budget
                    .steps(map.members.len().saturating_mul(steps_of_name) / NAMES_OF_A_STEP + 1)?;
                map.members
                    .iter()
                    .find(|(known, _)| **known == *name)
                    .map_or(Value::Undefined, |(_, value)| value.clone())
            }
            Value::Loop(round) => of_round(*round, name),
            _ => Value::Undefined,
        })
    }

    /// `value[key]`.
    pub(crate) fn element(
        &mut self,
        value: &Value<'d>,
        key: &Value<'d>,
    ) -> Result<Value<'d>, Fault> {
        match key {
            Value::Text(name) => self.attribute(value, name),
            Value::Int(index) => self.indexed(value, *index),
            Value::Undefined => Err(Fault::failed("the part in brackets is not defined")),
            _ => Ok(Value::Undefined),
        }
    }

    /// The item at an index, from the end if it is negative.
    fn indexed(&mut self, value: &Value<'d>, index: i128) -> Result<Value<'d>, Fault> {
        if let Value::Text(text) = value {
            self.read(text)?;
            let length = text.chars().count();
            let found = from_start(index, length).and_then(|index| text.chars().nth(index));
            return match found {
                Some(found) => self.made(found.encode_utf8(&mut [0; 4])),
                None => Ok(Value::Undefined),
            };
        }
        let index = value.length().and_then(|length| from_start(index, length));
        Ok(match (value, index) {
            (Value::Json(Json::Array(items)), Some(index)) => {
                items.get(index).map_or(Value::Undefined, Value::of)
            }
            (Value::List(list), Some(index)) => {
                list.items.get(index).cloned().unwrap_or(Value::Undefined)
            }
            _ => Value::Undefined,
        })
    }

    /// `value[start:stop:step]`, as in Python.
    pub(crate) fn slice(
        &mut self,
        value: &Value<'d>,
        [start, stop, step]: [Option<i128>; 3],
    ) -> Result<Value<'d>, Fault> {
        let mut all = Vec::new();
        if value.kind() == "an object" {
            return Err(Fault::failed("an object has no slices"));
        }
        if let Value::Text(text) = value {
            self.read(text)?;
            for char in text.chars() {
                self.item()?;
                all.push(self.made(char.encode_utf8(&mut [0; 4]))?);
            }
        } else {
            for item in self.items(value)? {
                self.item()?;
                all.push(item);
            }
        }
        let length = i128::try_from(all.len()).unwrap_or(i128::MAX);
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(Fault::failed("a slice cannot have steps of 0"));
        }
        let (lowest, highest) = if step > 0 {
            (0, length)
        } else {
            (-1, length - 1)
        };
        let bound = |given: Option<i128>, default: i128| match given {
            None => default,
            Some(index) if index < 0 => index.saturating_add(length).clamp(lowest, highest),
            Some(index) => index.clamp(lowest, highest),
        };
        let (from, to) = if step > 0 {
            (lowest, highest)
        } else {
            (highest, lowest)
        };
        let (mut at, stop) = (bound(start, from), bound(stop, to));
        let mut kept = Vec::new();
        while if step > 0 { at < stop } else { at > stop } {
            self.item()?;
            let item = usize::try_from(at).ok().and_then(|at| all.get(at));
            kept.extend(item.cloned());
            at = at.saturating_add(step);
        }
        if matches!(value, Value::Text(_)) {
            let text: String = kept.iter().filter_map(Value::as_text).collect();
            return self.made(&text);
        }
        self.list(kept)
    }
}

fn from_start(index: i128, length: usize) -> Option<usize> {
    if index < 0 {
        let back = usize::try_from(index.unsigned_abs()).ok()?;
        length.checked_sub(back)
    } else {
        usize::try_from(index).ok()
    }
}

fn of_round(round: Round, name: &str) -> Value<'static> {
    let left = round.length.saturating_sub(round.index);
    match name {
        "index" => Value::count(round.index + 1),
        "index0" => Value::count(round.index),
        "revindex" => Value::count(left),
        "revindex0" => Value::count(left.saturating_sub(1)),
        "first" => Value::Bool(round.index == 0),
        "last" => Value::Bool(left <= 1),
        "length" => Value::count(round.length),
        _ => Value::Undefined,
    }
}
