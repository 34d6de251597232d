use serde_json::Value as Json;

use super::program::{Arguments, Comparison, Constant, Expression, Filter, Node, Test};
use crate::fault::Fault;
use crate::value::{Text, Value};

use super::{Args, Run};

impl<'d> Run<'d> {
    /// The value of an expression, and undefined is one.
    pub(crate) fn evaluate(&mut self, expression: &'d Expression) -> Result<Value<'d>, Fault> {
        self.budget
            .steps(1)
            .and_then(|()| self.node(&expression.node))
            .map_err(|fault| fault.at(expression.at))
    }

    /// The value of an expression where undefined is an error, so that a typing error does not send blanks.
    pub(crate) fn defined(&mut self, expression: &'d Expression) -> Result<Value<'d>, Fault> {
        let value = self.evaluate(expression)?;
        if matches!(value, Value::Undefined) {
            return Err(undefined(expression).at(expression.at));
        }
        Ok(value)
    }

    fn node(&mut self, node: &'d Node) -> Result<Value<'d>, Fault> {
        match node {
            Node::Constant(constant) => Ok(of_constant(constant)),
            Node::Known(name) => self.known(name),
            Node::Variable(variable, name) => match &self.variables[*variable] {
                Some(value) => Ok(value.clone()),
                // Set in a block that is over, or not run.
                None => self.known(name),
            },
            Node::Attribute(value, name) => {
                let value = self.evaluate(value)?;
                self.attribute(&value, name)
            }
            Node::Item(value, key) => {
                let value = self.evaluate(value)?;
                let key = self.evaluate(key)?;
                self.element(&value, &key)
            }
            Node::Slice(value, bounds) => self.slice_of(value, bounds),
            Node::Not(inner) => Ok(Value::Bool(!self.evaluate(inner)?.is_true())),
            Node::Negate(inner) => {
                let value = self.defined(inner)?;
                super::arithmetic::negate(&value)
            }
            Node::And(left, right) => {
                let left = self.evaluate(left)?;
                if left.is_true() {
                    self.evaluate(right)
                } else {
                    Ok(left)
                }
            }
            Node::Or(left, right) => {
                let left = self.evaluate(left)?;
                if left.is_true() {
                    Ok(left)
                } else {
                    self.evaluate(right)
                }
            }
            Node::Binary(operator, left, right) => {
                let left = self.defined(left)?;
                let right = self.defined(right)?;
                self.binary(*operator, &left, &right)
            }
            Node::Compare(first, rest) => self.chain(first, rest),
            Node::Choose {
                condition,
                then,
                otherwise,
            } => {
                if self.evaluate(condition)?.is_true() {
                    self.evaluate(then)
                } else {
                    otherwise
                        .as_ref()
                        // Without an `else` nothing is meant, as in Jinja.
                        .map_or(Ok(Value::text("")), |otherwise| self.evaluate(otherwise))
                }
            }
            Node::Filter(filter, input, arguments) => self.filtered(*filter, input, arguments),
            Node::Test(test, input, arguments) => self.tested(*test, input, arguments),
            Node::Call(function, arguments) => {
                let mut arguments = self.arguments(arguments, false)?;
                let value = (function.run)(self, &mut arguments)?;
                arguments.finish()?;
                Ok(value)
            }
            Node::List(items) => self.list_of(items),
            Node::Map(members) => self.map_of(members),
        }
    }

    // The larger parts are functions of their own, so that the one that recurses takes little stack.

    fn slice_of(
        &mut self,
        value: &'d Expression,
        bounds: &'d [Option<Expression>; 3],
    ) -> Result<Value<'d>, Fault> {
        let value = self.defined(value)?;
        let mut found = [None; 3];
        for (bound, found) in bounds.iter().zip(&mut found) {
            if let Some(bound) = bound {
                *found = match self.defined(bound)? {
                    Value::Int(int) => Some(int),
                    Value::Null => None,
                    other => return Err(super::arithmetic::no_integer(&other)),
                };
            }
        }
        self.slice(&value, found)
    }

    fn chain(
        &mut self,
        first: &'d Expression,
        rest: &'d [(Comparison, Expression)],
    ) -> Result<Value<'d>, Fault> {
        let mut left = self.defined(first)?;
        for (comparison, right) in rest {
            let right = self.defined(right)?;
            if !self.compare(*comparison, &left, &right)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn filtered(
        &mut self,
        filter: Filter,
        input: &'d Expression,
        arguments: &'d Arguments,
    ) -> Result<Value<'d>, Fault> {
        let value = if filter.takes_undefined {
            self.evaluate(input)?
        } else {
            self.defined(input)?
        };
        let arguments = self.arguments(arguments, filter.takes_undefined)?;
        (filter.run)(self, value, arguments)
    }

    fn tested(
        &mut self,
        test: Test,
        input: &'d Expression,
        arguments: &'d Arguments,
    ) -> Result<Value<'d>, Fault> {
        let value = self.evaluate(input)?;
        let mut arguments = self.arguments(arguments, false)?;
        let holds = (test.run)(self, &value, &mut arguments)?;
        arguments.finish()?;
        Ok(Value::Bool(holds))
    }

    fn list_of(&mut self, items: &'d [Expression]) -> Result<Value<'d>, Fault> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            self.item()?;
            values.push(self.defined(item)?);
        }
        self.list(values)
    }

    fn map_of(&mut self, members: &'d [(Box<str>, Expression)]) -> Result<Value<'d>, Fault> {
        let mut values: Vec<(Text<'d>, Value<'d>)> = Vec::with_capacity(members.len());
        for (name, value) in members {
            self.item()?;
            self.item()?;
            values.push((Text::Borrowed(name), self.defined(value)?));
        }
        self.map(values)
    }

    fn arguments(&mut self, arguments: &'d Arguments, undefined: bool) -> Result<Args<'d>, Fault> {
        let mut found = Args::default();
        for (name, value) in &arguments.values {
            let value = if undefined {
                self.evaluate(value)?
            } else {
                self.defined(value)?
            };
            found.push(name.as_deref(), value);
        }
        Ok(found)
    }

    /// A name of the context.
    pub(crate) fn known(&mut self, name: &str) -> Result<Value<'d>, Fault> {
        if name == "annotations" {
            return self.annotations(name);
        }
        Ok(self.context.get(name).map_or(Value::Undefined, Value::of))
    }

    /// The annotations, for a name or a function. A whole document without any has an empty list.
    pub(crate) fn annotations(&mut self, used_by: &str) -> Result<Value<'d>, Fault> {
        if !self.context.document.whole {
            return Err(Fault::no_annotations(used_by));
        }
        match self.context.get("annotations") {
            None | Some(Json::Null) => self.list(Vec::new()),
            Some(annotations) => Ok(Value::of(annotations)),
        }
    }
}

fn of_constant(constant: &Constant) -> Value<'_> {
    match constant {
        Constant::Null => Value::Null,
        Constant::Bool(bool) => Value::Bool(*bool),
        Constant::Int(int) => Value::Int(*int),
        Constant::Float(float) => Value::Float(*float),
        Constant::Text(text) => Value::text(text),
    }
}

/// Names what is undefined in the template's own words.
fn undefined(expression: &Expression) -> Fault {
    let mut parts = Vec::new();
    let mut at = &expression.node;
    loop {
        match &**at {
            Node::Attribute(inner, name) => {
                parts.push(&**name);
                at = &inner.node;
            }
            Node::Known(name) => {
                parts.push(name);
                break;
            }
            Node::Variable(_, name) => {
                parts.push(name);
                break;
            }
            _ => {
                parts.push("…");
                break;
            }
        }
    }
    parts.reverse();
    let name = crate::words::shorten(&parts.join("."), crate::limits::MAX_SHOWN);
    Fault::failed(format!(
        "{name} is not defined: if it may be missing, write |default(…) or test it with \"is defined\""
    ))
}
