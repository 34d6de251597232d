use std::ptr;
use std::rc::Rc;
use std::slice;

use serde_json::Value as Json;
use serde_json::map;

use crate::fault::Fault;
use crate::value::{List, Map, Text, Value};

use super::Run;

/// The items of a list, or the names of an object's members. Whoever takes one charges for it.
pub(crate) enum Items<'d> {
    Array(slice::Iter<'d, Json>),
    Names(map::Keys<'d>),
    List(Rc<List<'d>>, usize),
    Map(Rc<Map<'d>>, usize),
}

impl<'d> Iterator for Items<'d> {
    type Item = Value<'d>;

    fn next(&mut self) -> Option<Value<'d>> {
        match self {
            Self::Array(items) => items.next().map(Value::of),
            Self::Names(names) => names.next().map(|name| Value::text(name)),
            Self::List(list, at) => {
                *at += 1;
                list.items.get(*at - 1).cloned()
            }
            Self::Map(map, at) => {
                *at += 1;
                let (name, _) = map.members.get(*at - 1)?;
                Some(Value::Text(name.clone()))
            }
        }
    }
}

impl<'d> Run<'d> {
    /// What a loop or a filter goes through.
    pub(crate) fn items(&self, value: &Value<'d>) -> Result<Items<'d>, Fault> {
        match value {
            Value::Json(json) => {
                self.check_whole(json)?;
                match json {
                    Json::Array(items) => Ok(Items::Array(items.iter())),
                    Json::Object(members) => Ok(Items::Names(members.keys())),
                    _ => Err(no_list(value)),
                }
            }
            Value::List(list) => Ok(Items::List(Rc::clone(list), 0)),
            Value::Map(map) => Ok(Items::Map(Rc::clone(map), 0)),
            _ => Err(no_list(value)),
        }
    }

    /// Name and value of an object's members, charged for.
    pub(crate) fn members(
        &mut self,
        value: &Value<'d>,
    ) -> Result<Vec<(Text<'d>, Value<'d>)>, Fault> {
        let mut found = Vec::new();
        match value {
            Value::Json(json @ Json::Object(members)) => {
                self.check_whole(json)?;
                for (name, member) in members {
                    self.item()?;
                    self.item()?;
                    found.push((Text::Borrowed(name), Value::of(member)));
                }
            }
            Value::Map(map) => {
                for (name, member) in &map.members {
                    self.item()?;
                    self.item()?;
                    found.push((name.clone(), member.clone()));
                }
            }
            _ => return Err(Fault::failed(format!("{} has no members", value.kind()))),
        }
        Ok(found)
    }

    /// A document that lacks its annotations cannot be gone through as if it were whole.
    pub(crate) fn check_whole(&self, json: &Json) -> Result<(), Fault> {
        if !self.context.document.whole && ptr::eq(json, &*self.context.document.root) {
            return Err(Fault::no_annotations("the document as a whole"));
        }
        Ok(())
    }
}

fn no_list(value: &Value<'_>) -> Fault {
    Fault::failed(format!("{} is no list", value.kind()))
}
