use std::fmt::Write;
use std::ptr;

use serde_json::Value as Json;

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

/// Writes values as JSON.
struct Writer<'r> {
    budget: &'r mut Budget,
    context: &'r Context,
    out: &'r mut Output,
    depth: usize,
}

impl<'d> Run<'d> {
    /// Appends a value as JSON.
    pub(crate) fn write_json(&mut self, value: &Value<'d>, out: &mut Output) -> Result<(), Fault> {
        Writer {
            budget: &mut self.budget,
            context: self.context,
            out,
            depth: 0,
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

    fn json(&mut self, json: &Json) -> Result<(), Fault> {
        self.budget.steps(1)?;
        match json {
            Json::Array(items) => self.nested("[", "]", |writer| {
                for (index, item) in items.iter().enumerate() {
                    writer.comma(index)?;
                    writer.json(item)?;
                }
                Ok(())
            }),
            Json::Object(members) => {
                if !self.context.document.whole && ptr::eq(json, &*self.context.document.root) {
                    return Err(Fault::no_annotations("the document as a whole"));
                }
                self.nested("{", "}", |writer| {
                    for (index, (name, member)) in members.iter().enumerate() {
                        writer.comma(index)?;
                        writer.quoted(name)?;
                        writer.push(":")?;
                        writer.json(member)?;
                    }
                    Ok(())
                })
            }
            Json::String(text) => self.quoted(text),
            Json::Number(number) => {
                let mut text = String::new();
                let _ = write!(text, "{number}");
                self.push(&text)
            }
            Json::Null => self.push("null"),
            Json::Bool(bool) => self.push(if *bool { "true" } else { "false" }),
        }
    }

    fn nested(
        &mut self,
        open: &str,
        close: &str,
        inner: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::limit("the document is nested more than 600 deep"));
        }
        self.depth += 1;
        self.push(open)?;
        inner(self)?;
        self.push(close)?;
        self.depth -= 1;
        Ok(())
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
