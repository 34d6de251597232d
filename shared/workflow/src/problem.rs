use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

use crate::stage::Stage;
use crate::workflow::Workflow;

/// Names the stage that a problem is in, so that a person can find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StageLabel {
    pub(crate) name: String,
    pub(crate) id: Option<Uuid>,
    pub(crate) index: usize,
}

impl StageLabel {
    /// Names this stage of the workflow.
    #[must_use]
    pub fn of(workflow: &Workflow, stage: &Stage) -> Self {
        let index = workflow.stages.iter().position(|one| one.id == stage.id);
        Self {
            name: stage.name.clone(),
            id: Some(stage.id),
            index: index.unwrap_or_default(),
        }
    }
}

impl fmt::Display for StageLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "stage \"{}\" ({id})", self.name),
            None => write!(
                f,
                "stage \"{}\" (number {} in the list)",
                self.name,
                self.index + 1
            ),
        }
    }
}

/// One thing that is wrong with a workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not JSON.
    #[error("line {line}, column {column}: not valid JSON ({what})")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser found.
        what: &'static str,
    },
    /// An object has a member twice.
    #[error("line {line}, column {column}: {name} is given twice: keep only one of the two")]
    Twin {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// The member's name, in quotes.
        name: String,
    },
    /// It is JSON, but not a workflow.
    #[error("{0}")]
    Shape(Cow<'static, str>),
    /// A stage's field has the wrong form.
    #[error("{stage}: {what}")]
    Stage {
        /// The stage.
        stage: StageLabel,
        /// What is wrong, and what to do.
        what: String,
        /// The stable machine code.
        code: &'static str,
    },
    /// No stage is the entry.
    #[error(
        "no entry stage: one stage needs \"initial\": true in its config, or the type \"dataset\""
    )]
    NoEntry,
}

impl Problem {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "invalid_json",
            Self::Twin { .. } => "doubled_field",
            Self::Shape(_) => "invalid_workflow",
            Self::Stage { code, .. } => code,
            Self::NoEntry => "no_entry_stage",
        }
    }

    /// The stage that the problem is in, as a path into the JSON: `stages[2]`.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Stage { stage, .. } => Some(format!("stages[{}]", stage.index)),
            _ => None,
        }
    }
}

/// The workflow cannot be used, with everything that is wrong with it at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ImportError {
    /// The problems, at least one.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl ImportError {
    /// The stable machine code of the first problem.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.problems
            .first()
            .map_or("invalid_workflow", Problem::code)
    }
}

/// Something that a person should know, although the workflow can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub(crate) stage: StageLabel,
    pub(crate) code: &'static str,
    pub(crate) what: String,
}

impl Warning {
    /// A warning about this stage, with its stable machine code.
    #[must_use]
    pub const fn new(stage: StageLabel, code: &'static str, what: String) -> Self {
        Self { stage, code, what }
    }

    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.stage, self.what)
    }
}
