use std::{ptr, slice};

use serde_json::{Value as Json, map};

use crate::Context;
use crate::fault::Fault;
use crate::limits::{MAX_DEPTH, MAX_OUTPUT};
use crate::value::Value;

use super::Budget;
use super::Run;

/// A text that grows to 1 MiB at most.
#[derive(Debug, Default)]
pub(crate) struct Output {
    text: String,
}

impl Output {
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Appends, and charges for it.
    pub(crate) fn push(&mut self, budget: &mut Budget, text: &str) -> Result<(), Fault> {
        if self.text.len() + text.len() > MAX_OUTPUT {
            return Err(Fault::limit("what the template makes is longer than 1 MiB"));
        }
        budget.memory(text.len())?;
        self.text.push_str(text);
        Ok(())
    }
}

/// A text as it stands within the quotes of JSON.
pub(crate) fn escape(budget: &mut Budget, text: &str, out: &mut Output) -> Result<(), Fault> {
    budget.text(text.len())?;
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let short = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x10 => "\\u000",
            0x10..0x20 => "\\u001",
            _ => continue,
        };
        out.push(budget, &text[plain..at])?;
        out.push(budget, short)?;
        if short.len() > 2 {
            let digit = usize::from(byte & 15);
            out.push(budget, &"0123456789abcdef"[digit..=digit])?;
        }
        plain = at + 1;
    }
    out.push(budget, &text[plain..])
}

/// A number as in JSON.
pub(crate) fn number(value: &Value<'_>) -> Option<String> {
    match value {
        Value::Int(int) => Some(int.to_string()),
        // As JSON has it: 1.0, 1e21.
        Value::Float(float) => Some(Json::from(*float).to_string()),
        _ => None,
    }
}

/// An array or object of the document, as far as it is written.
struct Open<'j> {
    parts: Parts<'j>,
    /// Whether a comma is due.
    begun: bool,
}

enum Parts<'j> {
    Items(slice::Iter<'j, Json>),
    Members(map::Iter<'j>),
}

/// Writes values as JSON.
struct Writer<'r> {
    budget: &'r mut Budget,
    context: &'r Context,
    out: &'r mut Output,
}

impl<'d> Run<'d> {
    /// Appends a value as JSON.
    pub(crate) fn write_json(&mut self, value: &Value<'d>, out: &mut Output) -> Result<(), Fault> {
        Writer {
            budget: &mut self.budget,
            context: self.context,
            out,
        }
        .value(value)
    }
}

impl Writer<'_> {
    fn push(&mut self, text: &str) -> Result<(), Fault> {
        self.out.push(self.budget, text)
    }

    fn value(&mut self, value: &Value<'_>) -> Result<(), Fault> {
        self.budget.steps(1)?;
        match value {
            Value::Undefined => Err(Fault::failed("an item is not defined")),
            Value::Null => self.push("null"),
            Value::Bool(bool) => self.push(if *bool { "true" } else { "false" }),
            Value::Int(_) | Value::Float(_) => {
                let number = number(value).unwrap_or_default();
                self.push(&number)
            }
            Value::Text(text) => self.quoted(text),
            Value::Raw(json) => self.push(json),
            Value::Json(json) => self.json(json),
            Value::List(list) => self.nested("[", "]", |writer| {
                for (index, item) in list.items.iter().enumerate() {
                    writer.comma(index)?;
                    writer.value(item)?;
                }
                Ok(())
            }),
            Value::Map(map) => self.nested("{", "}", |writer| {
                for (index, (name, member)) in map.members.iter().enumerate() {
                    writer.comma(index)?;
                    writer.quoted(name)?;
                    writer.push(":")?;
                    writer.value(member)?;
                }
                Ok(())
            }),
            Value::Loop(_) => Err(Fault::failed("loop cannot be written: write loop.index")),
        }
    }

    /// Without recursion, because a document may be nested deeply.
    fn json(&mut self, json: &Json) -> Result<(), Fault> {
        let mut open: Vec<Open<'_>> = Vec::new();
        let mut next = Some(json);
        loop {
            if let Some(json) = next.take() {
                open.extend(self.begin(json)?);
                if open.len() > MAX_DEPTH {
                    return Err(Fault::limit(format!(
                        "the document is nested more than {MAX_DEPTH} deep"
                    )));
                }
            }
            let Some(parent) = open.last_mut() else {
                return Ok(());
            };
            let (part, close) = match &mut parent.parts {
                Parts::Items(items) => (items.next().map(|item| (None, item)), "]"),
                Parts::Members(members) => {
                    let member = members.next();
                    (member.map(|(name, member)| (Some(name), member)), "}")
                }
            };
            let Some((name, value)) = part else {
                self.push(close)?;
                open.pop();
                continue;
            };
            if parent.begun {
                self.push(",")?;
            }
            parent.begun = true;
            if let Some(name) = name {
                self.quoted(name)?;
                self.push(":")?;
            }
            next = Some(value);
        }
    }

    /// Writes a value, or the beginning of one with parts.
    fn begin<'j>(&mut self, json: &'j Json) -> Result<Option<Open<'j>>, Fault> {
        self.budget.steps(1)?;
        let parts = match json {
            Json::Array(items) => {
                self.push("[")?;
                Parts::Items(items.iter())
            }
            Json::Object(members) => {
                if !self.context.document.whole && ptr::eq(json, &*self.context.document.root) {
                    return Err(Fault::no_annotations("the document as a whole"));
                }
                self.push("{")?;
                Parts::Members(members.iter())
            }
            Json::String(text) => return self.quoted(text).map(|()| None),
            Json::Number(number) => return self.push(&number.to_string()).map(|()| None),
            Json::Null => return self.push("null").map(|()| None),
            Json::Bool(true) => return self.push("true").map(|()| None),
            Json::Bool(false) => return self.push("false").map(|()| None),
        };
        Ok(Some(Open {
            parts,
            begun: false,
        }))
    }

    /// A list or object that the template made, which is nested at most 32 deep.
    fn nested(
        &mut self,
        open: &str,
        close: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.push(open)?;
        inner(self)?;
        self.push(close)
    }

    fn comma(&mut self, index: usize) -> Result<(), Fault> {
        if index == 0 {
            return Ok(());
        }
        self.push(",")
    }

    fn quoted(&mut self, text: &str) -> Result<(), Fault> {
        self.push("\"")?;
        escape(self.budget, text, self.out)?;
        self.push("\"")
    }
}
