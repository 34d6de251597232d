//! From text to a program. The parser is minijinja's; the rest of this crate does not know it, because its
//! syntax tree has no stable interface.

mod expression;
mod scan;
mod scope;
mod statement;

use minijinja::machinery::{ast, parse, parse_expr};
use minijinja::syntax::SyntaxConfig;

use crate::limits::{MAX_BODY, MAX_CONDITION};
use crate::run::{Program, Statement};
use crate::words::shorten;
use crate::{Position, TemplateError};
use scope::Scope;

/// Reads a template with text and tags.
pub(crate) fn template(source: &str) -> Result<Program, TemplateError> {
    check_length(source, MAX_BODY)?;
    scan::check(source, false)?;
    let tree = parse(source, "body", SyntaxConfig::default())
        .map_err(|error| syntax_error(source, &error))?;
    let mut scope = Scope::new(source);
    let statements = match &tree {
        ast::Stmt::Template(template) => scope.statements(&template.children)?,
        other => vec![scope.statement(other)?],
    };
    Ok(scope.program(statements))
}

/// Reads a single expression.
pub(crate) fn expression(source: &str) -> Result<Program, TemplateError> {
    check_length(source, MAX_CONDITION)?;
    scan::check(source, true)?;
    let tree = parse_expr(source).map_err(|error| syntax_error(source, &error))?;
    let mut scope = Scope::new(source);
    let expression = scope.expression(&tree)?;
    Ok(scope.program(vec![Statement::Emit(expression)]))
}

fn check_length(source: &str, limit: usize) -> Result<(), TemplateError> {
    if source.len() > limit {
        let length = source.len();
        return Err(TemplateError::TooLong { length, limit });
    }
    Ok(())
}

/// Where and what the parser found.
fn syntax_error(source: &str, error: &minijinja::Error) -> TemplateError {
    let at = match (error.range(), error.line()) {
        (Some(range), _) => Position::of(source, range.start),
        (None, Some(line)) => Position { line, column: 1 },
        // Without a place it is the end that is missing.
        (None, None) => Position::of(source, source.len()),
    };
    let what = error.detail().unwrap_or("this is no valid template");
    if what.contains("recursion limit") {
        return TemplateError::Limit {
            at,
            what: "this is nested too deeply".into(),
        };
    }
    if what == "unexpected end of input, expected end of block" {
        return TemplateError::Syntax {
            at,
            what: "the template ends too early: %}, {% endif %} or {% endfor %} is missing".into(),
        };
    }
    TemplateError::Syntax {
        at,
        what: shorten(what, 200),
    }
}
