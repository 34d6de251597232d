use crate::run::Program;
use crate::run::{Run, Spent};
use crate::{Context, TemplateError, fault::Fault, read};

/// When a stage calls its receiver: an expression of Jinja, such as `has_tag("Urgent") and count("car") > 3`.
#[derive(Clone, Debug)]
pub struct Condition {
    program: Program,
}

impl Condition {
    /// Reads a condition of at most 4 KiB.
    ///
    /// # Errors
    /// [`TemplateError`] when it is no expression, uses what does not exist or is not allowed, or is nested too
    /// deeply.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let program = read::expression(source)?;
        Ok(Self { program })
    }

    /// Whether it is true of a document. What is undefined, null, zero or empty is not.
    ///
    /// # Errors
    /// [`TemplateError`] when it compares or computes with what is undefined or of the wrong kind, needs
    /// annotations that are not there, or does too much.
    pub fn holds(&self, context: &Context) -> Result<bool, TemplateError> {
        self.holds_and_spent(context).0
    }

    /// The same, and what it took.
    pub(crate) fn holds_and_spent(
        &self,
        context: &Context,
    ) -> (Result<bool, TemplateError>, Spent) {
        let (result, spent) = Run::holds(&self.program, context);
        (result.map_err(Fault::into_error), spent)
    }
}
