use super::program::{Expression, For, Statement, Target};
use crate::fault::Fault;
use crate::format::BodyFormat;
use crate::value::{Round, Value};

use super::Run;
use super::json::{escape, number};

impl<'d> Run<'d> {
    pub(super) fn statements(&mut self, statements: &'d [Statement]) -> Result<(), Fault> {
        statements
            .iter()
            .try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &'d Statement) -> Result<(), Fault> {
        self.budget.steps(1)?;
        match statement {
            Statement::Text(text) => self.output.push(&mut self.budget, text),
            Statement::Emit(expression) => {
                let value = self.defined(expression)?;
                self.emit(&value).map_err(|fault| fault.at(expression.at))
            }
            Statement::If {
                condition,
                then,
                otherwise,
            } => {
                if self.evaluate(condition)?.is_true() {
                    self.statements(then)
                } else {
                    self.statements(otherwise)
                }
            }
            Statement::For(each) => self.each(each),
            Statement::Set(target, expression) => {
                let value = self.defined(expression)?;
                self.set(target, value, expression)
            }
            Statement::With(sets, body) => self.in_block(|run| {
                for (target, expression) in sets {
                    let value = run.defined(expression)?;
                    run.set(target, value, expression)?;
                }
                run.statements(body)
            }),
        }
    }

    /// Writes a value to the body.
    fn emit(&mut self, value: &Value<'d>) -> Result<(), Fault> {
        let mut output = std::mem::take(&mut self.output);
        let result = match (value, self.format) {
            (Value::Text(text), BodyFormat::Json) => escape(&mut self.budget, text, &mut output),
            (Value::Text(text), BodyFormat::Text) => output.push(&mut self.budget, text),
            (Value::Int(_) | Value::Float(_), _) => {
                let number = number(value).unwrap_or_default();
                output.push(&mut self.budget, &number)
            }
            _ => self.write_json(value, &mut output),
        };
        self.output = output;
        result
    }

    fn each(&mut self, each: &'d For) -> Result<(), Fault> {
        let value = self.defined(&each.items)?;
        let items = self
            .items(&value)
            .map_err(|fault| fault.at(each.items.at))?;
        match &each.filter {
            None => {
                let length = value.length().unwrap_or(0);
                self.rounds(each, items, length)
            }
            Some(filter) => {
                // `loop.length` counts those that are left.
                let mut kept = Vec::new();
                for item in items {
                    self.item()?;
                    let keep = self.in_block(|run| {
                        run.set(&each.target, item.clone(), &each.items)?;
                        Ok(run.evaluate(filter)?.is_true())
                    })?;
                    if keep {
                        kept.push(item);
                    }
                }
                let length = kept.len();
                self.rounds(each, kept.into_iter(), length)
            }
        }
    }

    fn rounds(
        &mut self,
        each: &'d For,
        items: impl Iterator<Item = Value<'d>>,
        length: usize,
    ) -> Result<(), Fault> {
        for (index, item) in items.enumerate() {
            self.budget
                .steps(1)
                .map_err(|fault| fault.at(each.items.at))?;
            self.in_block(|run| {
                run.set_one(each.round, Value::Loop(Round { index, length }));
                run.set(&each.target, item, &each.items)?;
                run.statements(&each.body)
            })?;
        }
        if length == 0 {
            self.in_block(|run| run.statements(&each.otherwise))?;
        }
        Ok(())
    }

    /// Runs a block; afterwards its variables are what they were before.
    fn in_block<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let outer = std::mem::replace(&mut self.block, self.before.len());
        let result = inner(self);
        while self.before.len() > self.block {
            if let Some((variable, value)) = self.before.pop() {
                self.variables[variable] = value;
            }
        }
        self.block = outer;
        result
    }

    fn set(&mut self, target: &Target, value: Value<'d>, from: &Expression) -> Result<(), Fault> {
        match target {
            Target::One(variable) => self.set_one(*variable, value),
            Target::Many(variables) => {
                let unequal = || {
                    let what = format!("{} names are set, to {}", variables.len(), value.kind());
                    Fault::failed(format!("{what}: a list of as many is needed")).at(from.at)
                };
                if value.length() != Some(variables.len()) {
                    return Err(unequal());
                }
                let items = self.items(&value).map_err(|fault| fault.at(from.at))?;
                for (variable, item) in variables.iter().zip(items) {
                    self.budget.steps(1).map_err(|fault| fault.at(from.at))?;
                    self.set_one(*variable, item);
                }
            }
        }
        Ok(())
    }

    fn set_one(&mut self, variable: usize, value: Value<'d>) {
        let before = self.variables[variable].replace(value);
        let mut kept = self.before[self.block..].iter();
        if !kept.any(|(known, _)| *known == variable) {
            self.before.push((variable, before));
        }
    }
}
