use std::collections::VecDeque;

use crate::fault::Fault;
use crate::value::{Text, Value};

/// The arguments of a filter, test or function. They are taken in turn; what is left is an error.
#[derive(Default)]
pub(crate) struct Args<'d> {
    positional: VecDeque<Value<'d>>,
    named: Vec<(&'d str, Value<'d>)>,
}

impl<'d> Args<'d> {
    pub(crate) fn push(&mut self, name: Option<&'d str>, value: Value<'d>) {
        match name {
            Some(name) => self.named.push((name, value)),
            None => self.positional.push_back(value),
        }
    }

    /// The next one, or the one of that name.
    pub(crate) fn next(&mut self, name: &str) -> Option<Value<'d>> {
        self.positional.pop_front().or_else(|| self.named(name))
    }

    /// The one that can be given by name only.
    pub(crate) fn named(&mut self, name: &str) -> Option<Value<'d>> {
        let at = self.named.iter().position(|(known, _)| *known == name)?;
        Some(self.named.swap_remove(at).1)
    }

    /// The next one, which must be there.
    pub(crate) fn needed(&mut self, name: &str) -> Result<Value<'d>, Fault> {
        self.next(name)
            .ok_or_else(|| Fault::failed(format!("the argument {name} is missing")))
    }

    /// The next one as a text.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<Text<'d>>, Fault> {
        match self.next(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a text", &other)),
        }
    }

    /// The next one as a text, which must be there.
    pub(crate) fn needed_text(&mut self, name: &str) -> Result<Text<'d>, Fault> {
        self.text(name)?
            .ok_or_else(|| Fault::failed(format!("the argument {name} is missing")))
    }

    /// The next one as a whole number.
    pub(crate) fn int(&mut self, name: &str) -> Result<Option<i128>, Fault> {
        match self.next(name) {
            None => Ok(None),
            Some(Value::Int(int)) => Ok(Some(int)),
            Some(other) => Err(wrong(name, "a whole number", &other)),
        }
    }

    /// Whether the next one, or that of the name, is given and true.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.next(name).is_some_and(|value| value.is_true())
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), Fault> {
        if let Some((name, _)) = self.named.first() {
            let name = crate::words::shorten(name, crate::limits::MAX_SHOWN);
            return Err(Fault::failed(format!("there is no argument {name}")));
        }
        if !self.positional.is_empty() {
            return Err(Fault::failed("too many arguments"));
        }
        Ok(())
    }
}

impl<'d> Clone for Args<'d> {
    fn clone(&self) -> Self {
        Self {
            positional: self.positional.clone(),
            named: self.named.clone(),
        }
    }
}

impl Args<'_> {
    /// How many values a clone copies.
    pub(crate) fn len(&self) -> usize {
        self.positional.len() + self.named.len()
    }
}

fn wrong(name: &str, wanted: &str, got: &Value<'_>) -> Fault {
    Fault::failed(format!("{name} must be {wanted}, not {}", got.kind()))
}
