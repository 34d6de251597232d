use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    self, BinOpKind, Call, CallArg, CallType, CompareOpKind, Expr, UnaryOpKind,
};
use minijinja::value::ValueKind;

use crate::context::Context;
use crate::run::{Arguments, Binary, Comparison, Constant, Expression, Node};
use crate::{TemplateError, filters, run};

use super::scope::Scope;

impl<'s> Scope<'s> {
    pub(super) fn expression(&mut self, tree: &Expr<'s>) -> Result<Expression, TemplateError> {
        let node = self.nested(tree.span(), |scope| scope.node(tree))?;
        let at = match &node {
            // Their spans begin before their first part.
            Node::Binary(_, first, _)
            | Node::And(first, _)
            | Node::Or(first, _)
            | Node::Compare(first, _)
            | Node::Choose { then: first, .. } => first.at,
            _ => self.position(tree.span()),
        };
        Ok(Expression {
            at,
            node: Box::new(node),
        })
    }

    fn node(&mut self, tree: &Expr<'s>) -> Result<Node, TemplateError> {
        Ok(match tree {
            Expr::Var(name) => self.name(name.id, name.span())?,
            Expr::Const(constant) => Node::Constant(self.constant(&constant.value, tree.span())?),
            Expr::GetAttr(attr) => Node::Attribute(self.expression(&attr.expr)?, attr.name.into()),
            Expr::GetItem(item) => Node::Item(
                self.expression(&item.expr)?,
                self.expression(&item.subscript_expr)?,
            ),
            Expr::Slice(slice) => self.slice(slice)?,
            Expr::UnaryOp(unary) => {
                let inner = self.expression(&unary.expr)?;
                match unary.op {
                    UnaryOpKind::Not => Node::Not(inner),
                    UnaryOpKind::Neg => Node::Negate(inner),
                }
            }
            Expr::BinOp(binary) => self.binary(binary)?,
            Expr::Compare(compare) => self.compare(compare)?,
            Expr::IfExpr(choice) => self.choice(choice)?,
            Expr::Filter(filter) => self.filter(filter, tree.span())?,
            Expr::Test(test) => self.test(test, tree.span())?,
            Expr::Call(call) => self.call(call, tree.span())?,
            Expr::List(list) => Node::List(self.expressions(&list.items)?),
            Expr::Tuple(tuple) => Node::List(self.expressions(&tuple.items)?),
            Expr::Map(map) => self.map(map)?,
        })
    }

    // Functions of their own, so that the one that recurses takes little stack.

    fn slice(&mut self, slice: &ast::Slice<'s>) -> Result<Node, TemplateError> {
        let list = self.expression(&slice.expr)?;
        let start = self.optional(slice.start.as_ref())?;
        let stop = self.optional(slice.stop.as_ref())?;
        let step = self.optional(slice.step.as_ref())?;
        Ok(Node::Slice(list, [start, stop, step]))
    }

    fn optional(&mut self, tree: Option<&Expr<'s>>) -> Result<Option<Expression>, TemplateError> {
        tree.map(|tree| self.expression(tree)).transpose()
    }

    fn binary(&mut self, binary: &ast::BinOp<'s>) -> Result<Node, TemplateError> {
        let left = self.expression(&binary.left)?;
        let right = self.expression(&binary.right)?;
        Ok(operation(binary.op, left, right))
    }

    fn compare(&mut self, compare: &ast::Compare<'s>) -> Result<Node, TemplateError> {
        let first = self.expression(&compare.expr)?;
        let mut rest = Vec::new();
        for op in &compare.ops {
            rest.push((comparison(op.op), self.expression(&op.expr)?));
        }
        Ok(Node::Compare(first, rest))
    }

    fn choice(&mut self, choice: &ast::IfExpr<'s>) -> Result<Node, TemplateError> {
        Ok(Node::Choose {
            condition: self.expression(&choice.test_expr)?,
            then: self.expression(&choice.true_expr)?,
            otherwise: self.optional(choice.false_expr.as_ref())?,
        })
    }

    fn filter(&mut self, filter: &ast::Filter<'s>, span: Span) -> Result<Node, TemplateError> {
        let Some(found) = filters::find(filter.name) else {
            return self.unknown(span, "filter", filter.name, filters::names());
        };
        let Some(input) = &filter.expr else {
            return self.forbidden(span, "a filter needs a value before it");
        };
        let input = self.expression(input)?;
        Ok(Node::Filter(
            found,
            input,
            self.arguments(&filter.args, span)?,
        ))
    }

    fn test(&mut self, test: &ast::Test<'s>, span: Span) -> Result<Node, TemplateError> {
        let Some(found) = run::test(test.name) else {
            return self.unknown(span, "test", test.name, run::test_names());
        };
        let input = self.expression(&test.expr)?;
        Ok(Node::Test(found, input, self.arguments(&test.args, span)?))
    }

    fn map(&mut self, map: &ast::Map<'s>) -> Result<Node, TemplateError> {
        let mut members = Vec::new();
        for (key, value) in map.keys.iter().zip(&map.values) {
            let name = match key {
                Expr::Const(name) => name.value.as_str(),
                _ => None,
            };
            let Some(name) = name else {
                return self.forbidden(key.span(), "a member's name must be a text in quotes");
            };
            members.push((name.into(), self.expression(value)?));
        }
        Ok(Node::Map(members))
    }

    fn expressions(&mut self, trees: &[Expr<'s>]) -> Result<Vec<Expression>, TemplateError> {
        trees.iter().map(|tree| self.expression(tree)).collect()
    }

    /// A variable that was set further up, or else a name of the context.
    fn name(&self, name: &str, span: Span) -> Result<Node, TemplateError> {
        if let Some(variable) = self.variable(name) {
            return Ok(Node::Variable(variable, name.into()));
        }
        match Context::NAMES.into_iter().find(|known| *known == name) {
            Some(known) => Ok(Node::Known(known)),
            None => self.unknown(span, "name", name, Context::NAMES),
        }
    }

    fn call(&mut self, call: &Call<'s>, span: Span) -> Result<Node, TemplateError> {
        let name = match call.identify_call() {
            CallType::Function(name) => name,
            CallType::Method(_, name) => {
                let what = format!("methods cannot be called here: write the filter, …|{name}");
                return self.forbidden(call.expr.span(), &crate::words::shorten(&what, 100));
            }
            CallType::Object(_) => {
                return self.forbidden(call.expr.span(), "only a name can be called");
            }
        };
        let Some(function) = run::function(name) else {
            return self.unknown(call.expr.span(), "function", name, run::function_names());
        };
        Ok(Node::Call(function, self.arguments(&call.args, span)?))
    }

    fn arguments(
        &mut self,
        arguments: &[CallArg<'s>],
        span: Span,
    ) -> Result<Arguments, TemplateError> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(match argument {
                CallArg::Pos(value) => (None, self.expression(value)?),
                CallArg::Kwarg(name, value) => (Some((*name).into()), self.expression(value)?),
                CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
                    return self.forbidden(span, "* and ** cannot be used here");
                }
            });
        }
        Ok(Arguments { values })
    }

    fn constant(&self, value: &minijinja::Value, span: Span) -> Result<Constant, TemplateError> {
        let constant = match value.kind() {
            ValueKind::None => Some(Constant::Null),
            ValueKind::Bool => Some(Constant::Bool(value.is_true())),
            ValueKind::String => value.as_str().map(|text| Constant::Text(text.into())),
            ValueKind::Number if value.is_integer() => {
                i128::try_from(value.clone()).ok().map(Constant::Int)
            }
            ValueKind::Number => f64::try_from(value.clone())
                .ok()
                .filter(|float| float.is_finite())
                .map(Constant::Float),
            _ => None,
        };
        match constant {
            Some(constant) => Ok(constant),
            None => self.forbidden(span, "this number is too large"),
        }
    }
}

fn operation(op: BinOpKind, left: Expression, right: Expression) -> Node {
    let binary = match op {
        BinOpKind::ScAnd => return Node::And(left, right),
        BinOpKind::ScOr => return Node::Or(left, right),
        BinOpKind::Eq => return Node::Compare(left, vec![(Comparison::Equal, right)]),
        BinOpKind::Ne => return Node::Compare(left, vec![(Comparison::NotEqual, right)]),
        BinOpKind::Lt => return Node::Compare(left, vec![(Comparison::Less, right)]),
        BinOpKind::Lte => return Node::Compare(left, vec![(Comparison::LessOrEqual, right)]),
        BinOpKind::Gt => return Node::Compare(left, vec![(Comparison::Greater, right)]),
        BinOpKind::Gte => return Node::Compare(left, vec![(Comparison::GreaterOrEqual, right)]),
        BinOpKind::In => return Node::Compare(left, vec![(Comparison::In, right)]),
        BinOpKind::Add => Binary::Add,
        BinOpKind::Sub => Binary::Subtract,
        BinOpKind::Mul => Binary::Multiply,
        BinOpKind::Div => Binary::Divide,
        BinOpKind::FloorDiv => Binary::FloorDivide,
        BinOpKind::Rem => Binary::Remainder,
        BinOpKind::Pow => Binary::Power,
        BinOpKind::Concat => Binary::Join,
    };
    Node::Binary(binary, left, right)
}

const fn comparison(op: CompareOpKind) -> Comparison {
    match op {
        CompareOpKind::Eq => Comparison::Equal,
        CompareOpKind::Ne => Comparison::NotEqual,
        CompareOpKind::Lt => Comparison::Less,
        CompareOpKind::Lte => Comparison::LessOrEqual,
        CompareOpKind::Gt => Comparison::Greater,
        CompareOpKind::Gte => Comparison::GreaterOrEqual,
        CompareOpKind::In => Comparison::In,
        CompareOpKind::NotIn => Comparison::NotIn,
    }
}
