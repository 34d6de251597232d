//! Runs a program. Every part charges the budget before it works, so that nothing in here can spin or fill
//! memory; nothing recurses but over what `limits` bounds in depth.

mod access;
mod arguments;
mod arithmetic;
mod budget;
mod compare;
mod expression;
mod functions;
mod items;
mod json;
mod program;
mod statement;
mod tests;

use std::rc::Rc;

use crate::Context;
use crate::fault::Fault;
use crate::format::BodyFormat;
use crate::limits::MAX_MADE_DEPTH;
use crate::value::{List, Map, Text, Value};

pub(crate) use arguments::Args;
pub(crate) use arithmetic::finite;
pub(crate) use budget::Budget;
pub use budget::Spent;
pub(crate) use functions::{function, function_names};
use items::Items;
pub(crate) use json::Output;
pub(crate) use program::{
    Apply, Arguments, Binary, Comparison, Constant, Expression, Filter, For, Node, Program,
    Statement, Target, Test,
};
pub(crate) use tests::{test, test_names};

/// What a text or list takes besides its content, in bytes.
const OVERHEAD: usize = 64;

/// One run of a program for one document.
pub(crate) struct Run<'d> {
    pub(crate) context: &'d Context,
    pub(crate) budget: Budget,
    /// By number; none while it is not set.
    variables: Vec<Option<Value<'d>>>,
    /// What the variables were before the open blocks set them, innermost last.
    before: Vec<(usize, Option<Value<'d>>)>,
    /// Where the innermost block's part of `before` starts.
    block: usize,
    format: BodyFormat,
    output: Output,
}

impl<'d> Run<'d> {
    /// Makes the body.
    pub(crate) fn render(
        program: &'d Program,
        context: &'d Context,
        format: BodyFormat,
    ) -> (Result<String, Fault>, Spent) {
        let mut run = Self::new(program, context, format);
        let result = run.statements(&program.statements);
        let spent = run.budget.spent();
        (result.map(|()| run.output.into_text()), spent)
    }

    /// Whether the program's single expression is true.
    pub(crate) fn holds(
        program: &'d Program,
        context: &'d Context,
    ) -> (Result<bool, Fault>, Spent) {
        let mut run = Self::new(program, context, BodyFormat::Text);
        let result = match program.statements.first() {
            Some(program::Statement::Emit(condition)) => {
                run.evaluate(condition).map(|value| value.is_true())
            }
            _ => Ok(false),
        };
        (result, run.budget.spent())
    }

    fn new(program: &Program, context: &'d Context, format: BodyFormat) -> Self {
        Self {
            context,
            budget: Budget::default(),
            variables: vec![None; program.variables],
            before: Vec::new(),
            block: 0,
            format,
            output: Output::default(),
        }
    }

    /// A new text.
    pub(crate) fn made(&mut self, text: &str) -> Result<Value<'d>, Fault> {
        self.budget.memory(OVERHEAD + text.len())?;
        Ok(Value::Text(Text::Made(text.into())))
    }

    /// A new list. Who makes many items charges for each with [`Run::item`].
    pub(crate) fn list(&mut self, items: Vec<Value<'d>>) -> Result<Value<'d>, Fault> {
        self.budget.memory(OVERHEAD)?;
        let depth = depth(items.iter())?;
        Ok(Value::List(Rc::new(List { items, depth })))
    }

    /// A new object.
    pub(crate) fn map(&mut self, members: Vec<(Text<'d>, Value<'d>)>) -> Result<Value<'d>, Fault> {
        self.budget.memory(OVERHEAD)?;
        let depth = depth(members.iter().map(|(_, value)| value))?;
        Ok(Value::Map(Rc::new(Map { members, depth })))
    }

    /// Charges for one item that is looked at and kept.
    pub(crate) fn item(&mut self) -> Result<(), Fault> {
        self.budget.steps(1)?;
        self.budget.memory(size_of::<Value<'d>>())
    }

    /// Charges for a text that is read.
    pub(crate) fn read(&mut self, text: &str) -> Result<(), Fault> {
        self.budget.text(text.len())
    }
}

/// One more than the deepest of the items.
fn depth<'v, 'd: 'v>(items: impl Iterator<Item = &'v Value<'d>>) -> Result<u16, Fault> {
    let depth = items.map(Value::depth).max().unwrap_or(0) + 1;
    if depth > MAX_MADE_DEPTH {
        return Err(Fault::limit("the template nests lists more than 32 deep"));
    }
    Ok(depth)
}
