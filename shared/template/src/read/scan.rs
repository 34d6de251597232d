//! Looks through a template's words before it is parsed. The parser bounds how deeply parentheses and blocks
//! are nested, but not how long a chain of operators or of `elif` is, and it goes down one level for each.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use crate::limits::{MAX_ELIFS, MAX_NESTING, MAX_TOKENS};
use crate::{Position, TemplateError};

/// Refuses tags that are too long, chains of `elif`, and signs that only nest (`not not …`, `--…`, `((…`).
pub(super) fn check(source: &str, expression: bool) -> Result<(), TemplateError> {
    let mut tokens = 0;
    let mut nesting = 0;
    let mut elifs = 0;
    let mut starts = false;
    for token in tokenize(source, expression, SyntaxConfig::default()) {
        let (token, span) = token.map_err(|error| super::syntax_error(source, &error))?;
        let limit = |what: &str| {
            Err(TemplateError::Limit {
                at: Position::of(source, span.start_offset as usize),
                what: what.into(),
            })
        };
        tokens += 1;
        let tag_starts = matches!(token, Token::BlockStart | Token::VariableStart);
        if tag_starts || matches!(token, Token::TemplateData(_)) {
            tokens = 0;
        }
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen | Token::Minus => nesting += 1,
            Token::Ident("not") => nesting += 1,
            Token::Ident("elif") if starts => elifs += 1,
            _ => nesting = 0,
        }
        starts = tag_starts;
        if tokens > MAX_TOKENS {
            return limit("this is too long: make it several, or use a list that is shorter");
        }
        if nesting > MAX_NESTING {
            return limit("this is nested too deeply");
        }
        if elifs > MAX_ELIFS {
            return limit("a template may have 64 elif");
        }
    }
    Ok(())
}
