use minijinja::machinery::ast::{Expr, ForLoop, Stmt};

use crate::TemplateError;
use crate::run::{Expression, For, Statement, Target};

use super::scope::Scope;

impl<'s> Scope<'s> {
    pub(super) fn statements(
        &mut self,
        statements: &[Stmt<'s>],
    ) -> Result<Vec<Statement>, TemplateError> {
        statements
            .iter()
            .map(|statement| self.statement(statement))
            .collect()
    }

    pub(super) fn statement(&mut self, statement: &Stmt<'s>) -> Result<Statement, TemplateError> {
        Ok(match statement {
            Stmt::EmitRaw(text) => Statement::Text(text.raw.into()),
            Stmt::EmitExpr(emit) => Statement::Emit(self.expression(&emit.expr)?),
            Stmt::IfCond(cond) => self.nested(cond.span(), |scope| {
                Ok(Statement::If {
                    condition: scope.expression(&cond.expr)?,
                    then: scope.statements(&cond.true_body)?,
                    otherwise: scope.statements(&cond.false_body)?,
                })
            })?,
            Stmt::ForLoop(each) if each.recursive => {
                return self.forbidden(each.span(), "a loop cannot be recursive here");
            }
            Stmt::ForLoop(each) => self.nested(each.span(), |scope| scope.each(each))?,
            Stmt::Set(set) => {
                let value = self.expression(&set.expr)?;
                Statement::Set(self.target(&set.target)?, value)
            }
            Stmt::WithBlock(with) => self.nested(with.span(), |scope| {
                let mut sets: Vec<(Target, Expression)> = Vec::new();
                for (target, value) in &with.assignments {
                    let value = scope.expression(value)?;
                    sets.push((scope.target(target)?, value));
                }
                Ok(Statement::With(sets, scope.statements(&with.body)?))
            })?,
            Stmt::SetBlock(set) => {
                return self.forbidden(
                    set.span(),
                    "{% set %} … {% endset %} cannot be used here: write {% set name = … %}",
                );
            }
            Stmt::FilterBlock(filter) => {
                return self.forbidden(
                    filter.span(),
                    "{% filter %} cannot be used here: write {{ …|filter }}",
                );
            }
            Stmt::AutoEscape(escape) => {
                return self.forbidden(escape.span(), "{% autoescape %} cannot be used here");
            }
            Stmt::Do(call) => return self.forbidden(call.span(), "{% do %} cannot be used here"),
            Stmt::Template(template) => {
                return self.forbidden(template.span(), "a template within a template");
            }
        })
    }

    fn each(&mut self, each: &ForLoop<'s>) -> Result<Statement, TemplateError> {
        // The list is evaluated outside the loop.
        let items = self.expression(&each.iter)?;
        let target = self.target(&each.target)?;
        let round = self.bind("loop", each.target.span())?;
        let filter = each
            .filter_expr
            .as_ref()
            .map(|filter| self.expression(filter))
            .transpose()?;
        Ok(Statement::For(Box::new(For {
            target,
            items,
            filter,
            body: self.statements(&each.body)?,
            otherwise: self.statements(&each.else_body)?,
            round,
        })))
    }

    /// The variables that are set: `x`, or `x, y`.
    fn target(&mut self, target: &Expr<'s>) -> Result<Target, TemplateError> {
        match target {
            Expr::Var(name) => Ok(Target::One(self.bind(name.id, name.span())?)),
            Expr::List(list) => list
                .items
                .iter()
                .map(|item| match item {
                    Expr::Var(name) => self.bind(name.id, name.span()),
                    other => self.forbidden(other.span(), "only a name can be set"),
                })
                .collect::<Result<_, _>>()
                .map(Target::Many),
            other => self.forbidden(other.span(), "only a name can be set"),
        }
    }
}
