use serde_json::{Map, Value};
use uuid::Uuid;

use crate::problem::{ImportError, Problem, StageLabel, Warning};
use crate::secrets::{SecretRef, StageSecrets};
use crate::stage::{AssignableTo, Edge, Stage, StageKind};
use crate::validate;
use crate::webhook_json;
use crate::workflow::Workflow;

/// A workflow, taken apart.
#[derive(Debug)]
pub struct Imported {
    /// The workflow, without secrets.
    pub workflow: Workflow,
    /// The secrets that stood in it, and where the workflow now says they are.
    pub secrets: Vec<(SecretRef, StageSecrets)>,
    /// What a person should know.
    pub warnings: Vec<Warning>,
}

/// What is found on the way.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
}

impl Findings {
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

impl Workflow {
    /// Reads V7's exported JSON, or what [`Workflow::to_json`] wrote. Unknown stage types, fields and
    /// nulls are accepted and kept.
    ///
    /// # Errors
    /// [`ImportError`] with all that is wrong.
    pub fn import(json: &[u8]) -> Result<Imported, ImportError> {
        let mut findings = Findings::default();
        let read = read(json, &mut findings);
        match read {
            Some((workflow, secrets)) if findings.problems.is_empty() => Ok(Imported {
                workflow,
                secrets,
                warnings: findings.warnings,
            }),
            _ => Err(ImportError {
                problems: findings.problems,
            }),
        }
    }
}

type Read = (Workflow, Vec<(SecretRef, StageSecrets)>);

fn read(json: &[u8], findings: &mut Findings) -> Option<Read> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let mut raw: Value = match serde_json::from_slice(json) {
        Ok(value) => value,
        Err(error) => {
            findings.problems.push(syntax(&error));
            return None;
        }
    };
    let Value::Object(fields) = &mut raw else {
        findings.problems.push(Problem::Shape(
            "a workflow is a JSON object, as V7 exports it",
        ));
        return None;
    };
    let id = uuid(fields.get("id"));
    if id.is_none() {
        findings.problems.push(Problem::Shape(
            "the workflow needs an \"id\" that is a UUID",
        ));
    }
    let name = text(fields.get("name")).unwrap_or("Workflow").to_owned();
    let Some(Value::Array(listed)) = fields.remove("stages") else {
        findings
            .problems
            .push(Problem::Shape("the workflow needs a list of \"stages\""));
        return None;
    };
    let mut secrets = Vec::new();
    let stages: Vec<(StageLabel, Stage)> = listed
        .into_iter()
        .enumerate()
        .filter_map(|(index, value)| stage(index, value, id, &mut secrets, findings))
        .collect();
    let workflow = Workflow {
        id: id?,
        name,
        stages: stages.iter().map(|(_, stage)| stage.clone()).collect(),
        raw,
    };
    validate::graph(&workflow, &stages, findings);
    Some((workflow, secrets))
}

fn syntax(error: &serde_json::Error) -> Problem {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        _ => "unexpected text",
    };
    Problem::Syntax {
        line: error.line(),
        column: error.column(),
        what,
    }
}

fn stage(
    index: usize,
    value: Value,
    workflow_id: Option<Uuid>,
    secrets: &mut Vec<(SecretRef, StageSecrets)>,
    findings: &mut Findings,
) -> Option<(StageLabel, Stage)> {
    let mut raw = value;
    let id = uuid(raw.get("id"));
    let name = text(raw.get("name")).unwrap_or("").to_owned();
    let label = StageLabel {
        name: name.clone(),
        id,
        index,
    };
    let Some(id) = id else {
        findings.problem(&label, "invalid_stage", "it needs an \"id\" that is a UUID");
        return None;
    };
    let Some(kind) = text(raw.get("type")).map(StageKind::from_name) else {
        findings.problem(
            &label,
            "invalid_stage",
            "it needs a \"type\", such as \"webhook\"",
        );
        return None;
    };
    let none = Map::new();
    let edges = list(raw.get("edges"))
        .map(|value| edge(value, &label, findings))
        .collect();
    let assignable_users = list(raw.get("assignable_users"))
        .filter_map(|user| user.get("user_id").unwrap_or(user).as_u64())
        .collect();
    let config = raw
        .get("config")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let assignable_to = match text(config.get("assignable_to")) {
        Some("anyone") => AssignableTo::Anyone,
        Some("manual") => AssignableTo::Manual,
        _ => AssignableTo::Unset,
    };
    let initial = config
        .get("initial")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let webhook = if kind == StageKind::Webhook {
        if !raw.get("config").is_some_and(Value::is_object)
            && let Value::Object(fields) = &mut raw
        {
            fields.insert("config".to_owned(), Value::Object(Map::new()));
        }
        match raw.get_mut("config") {
            Some(Value::Object(config)) => {
                let default_ref = SecretRef(match workflow_id {
                    Some(workflow_id) => format!("{workflow_id}/{id}"),
                    None => id.to_string(),
                });
                webhook_json::read(config, &label, default_ref, secrets, findings)
            }
            _ => None,
        }
    } else {
        webhook_json::forget_secrets(&mut raw);
        None
    };
    let stage = Stage {
        id,
        name,
        kind,
        edges,
        assignable_users,
        assignable_to,
        initial,
        webhook,
        raw,
    };
    Some((label, stage))
}

fn edge(value: &Value, label: &StageLabel, findings: &mut Findings) -> Edge {
    let target = value
        .get("target_stage_id")
        .filter(|target| !target.is_null());
    let target_stage_id = uuid(target);
    let name = text(value.get("name")).unwrap_or("default").to_owned();
    if target.is_some() && target_stage_id.is_none() {
        let what = format!("its edge \"{name}\" has a target_stage_id that is not a UUID");
        findings.problem(label, "edge_to_nowhere", what);
    }
    Edge {
        id: uuid(value.get("id")),
        name,
        source_stage_id: uuid(value.get("source_stage_id")),
        target_stage_id,
    }
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

fn text(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}

fn uuid(value: Option<&Value>) -> Option<Uuid> {
    Uuid::parse_str(text(value)?).ok()
}
