use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::form::{self, Fields};
use crate::problem::{Problem, StageLabel, Warning};

/// Problems and warnings found during the import.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
    /// Whether a field with the wrong form counts as absent.
    pub(crate) passes_forms: bool,
}

impl Findings {
    pub(crate) fn shape(&mut self, what: impl Into<Cow<'static, str>>) {
        self.problems.push(Problem::Shape(what.into()));
    }

    pub(crate) fn problem(
        &mut self,
        stage: &StageLabel,
        code: &'static str,
        what: impl Into<String>,
    ) {
        self.problems.push(Problem::Stage {
            stage: stage.clone(),
            what: what.into(),
            code,
        });
    }

    /// Records that a field of a stage cannot be used. Versions that did not know the field stored it unread.
    pub(crate) fn unusable(
        &mut self,
        stage: &StageLabel,
        code: &'static str,
        what: impl Into<String>,
    ) {
        if !self.passes_forms {
            self.problem(stage, code, what);
        }
    }

    /// Records that a field of a stage has the wrong form.
    pub(crate) fn wrong_form(&mut self, stage: &StageLabel, code: &'static str, what: &str) {
        self.unusable(stage, code, format!("its {what}"));
    }

    pub(crate) fn forms(&mut self, stage: &StageLabel, fields: Fields, found: &Map<String, Value>) {
        form::check(fields, found, &mut |what| {
            self.wrong_form(stage, "wrong_type", &what);
        });
    }

    pub(crate) fn warning(
        &mut self,
        stage: &StageLabel,
        code: &'static str,
        what: impl Into<String>,
    ) {
        self.warnings.push(Warning {
            stage: stage.clone(),
            code,
            what: what.into(),
        });
    }
}
