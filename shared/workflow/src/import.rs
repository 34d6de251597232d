use serde_json::{Map, Value};
use uuid::Uuid;

use crate::findings::Findings;
use crate::form;
use crate::known;
use crate::problem::{ImportError, Problem, StageLabel, Warning};
use crate::secrets::{SecretRef, StageSecrets};
use crate::secrets_json;
use crate::stage::{AssignableTo, Edge, Stage, StageKind};
use crate::twins;
use crate::validate;
use crate::webhook_json;
use crate::workflow::Workflow;

/// An imported workflow, separated from its secrets.
#[derive(Debug)]
pub struct Imported {
    /// The workflow, without secrets.
    pub workflow: Workflow,
    /// The secrets that were in it, each with the reference that the workflow now has instead.
    pub secrets: Vec<(SecretRef, StageSecrets)>,
    /// Warnings for people; the workflow can be used all the same.
    pub warnings: Vec<Warning>,
}

impl Workflow {
    /// Reads the JSON that V7 exports. Unknown stage types, unknown fields and nulls are accepted and kept. A
    /// known field whose value has the wrong form is an error.
    ///
    /// # Errors
    /// [`ImportError`] with everything that is wrong.
    pub fn import(json: &[u8]) -> Result<Imported, ImportError> {
        import(json, Findings::default())
    }

    /// Reads what [`Workflow::to_json`] wrote. Earlier versions treated a known field with the wrong form as
    /// absent, and so does this function, so that files on their way continue as they began.
    ///
    /// # Errors
    /// [`ImportError`] with everything that is wrong.
    pub fn from_stored(json: &[u8]) -> Result<Self, ImportError> {
        let findings = Findings {
            passes_forms: true,
            ..Findings::default()
        };
        import(json, findings).map(|imported| imported.workflow)
    }
}

fn import(json: &[u8], mut findings: Findings) -> Result<Imported, ImportError> {
    match read(json, &mut findings) {
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
    if !findings.passes_forms {
        findings.problems.extend(twins::find(json));
    }
    let Value::Object(fields) = &mut raw else {
        findings.shape("a workflow is a JSON object, as V7 exports it");
        return None;
    };
    let id = uuid(fields.get("id"));
    if id.is_none() {
        let instead = instead(fields.get("id"));
        findings.shape(format!(
            "the workflow needs an \"id\" that is a UUID{instead}"
        ));
    }
    if !findings.passes_forms {
        form::check(known::WORKFLOW, fields, &mut |what| {
            findings.shape(format!("the workflow's {what}"));
        });
    }
    let name = text(fields.get("name")).unwrap_or("Workflow").to_owned();
    let listed = match fields.remove("stages") {
        Some(Value::Array(listed)) => listed,
        other => {
            let instead = instead(other.as_ref());
            findings.shape(format!("the workflow needs a list of \"stages\"{instead}"));
            return None;
        }
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
    let id = uuid(value.get("id"));
    let name = text(value.get("name")).unwrap_or("").to_owned();
    let label = StageLabel {
        name: name.clone(),
        id,
        index,
    };
    let Value::Object(mut raw) = value else {
        let what = format!("it must be an object; found {}", form::found(&value));
        findings.problem(&label, "invalid_stage", what);
        return None;
    };
    let kind = text(raw.get("type")).map(StageKind::from_name);
    for (field, is_there, wanted) in [
        ("id", id.is_some(), "an \"id\" that is a UUID"),
        (
            "type",
            kind.is_some(),
            "a \"type\" that is text, such as \"webhook\"",
        ),
    ] {
        if !is_there {
            let instead = instead(raw.get(field));
            let what = format!("it needs {wanted}{instead}");
            findings.problem(&label, "invalid_stage", what);
        }
    }
    findings.forms(&label, known::STAGE, &raw);
    let (id, kind) = (id?, kind?);
    let edges = list(raw.get("edges")).map(edge).collect();
    let assignable_users = list(raw.get("assignable_users"))
        .filter_map(|user| user.get("user_id").unwrap_or(user).as_u64())
        .collect();
    let none = Map::new();
    let config = raw.get("config").and_then(Value::as_object);
    let config = config.unwrap_or(&none);
    let assignable_to = match text(config.get("assignable_to")) {
        Some("anyone") => AssignableTo::Anyone,
        Some("manual") => AssignableTo::Manual,
        _ => AssignableTo::Unset,
    };
    let initial = config.get("initial").and_then(Value::as_bool);
    let webhook = if kind == StageKind::Webhook {
        let config = raw.entry("config").or_insert(Value::Null);
        if !config.is_object() {
            *config = Value::Object(Map::new());
        }
        let default_ref = SecretRef(match workflow_id {
            Some(workflow_id) => format!("{workflow_id}/{id}"),
            None => id.to_string(),
        });
        config
            .as_object_mut()
            .and_then(|config| webhook_json::read(config, &label, default_ref, secrets, findings))
    } else {
        findings.forms(&label, known::NOT_OF_A_WEBHOOK, &raw);
        secrets_json::forget(&mut raw);
        None
    };
    let stage = Stage {
        id,
        name,
        kind,
        edges,
        assignable_users,
        assignable_to,
        initial: initial.unwrap_or(false),
        webhook,
        raw: Value::Object(raw),
    };
    Some((label, stage))
}

fn edge(value: &Value) -> Edge {
    Edge {
        id: uuid(value.get("id")),
        name: text(value.get("name")).unwrap_or("default").to_owned(),
        source_stage_id: uuid(value.get("source_stage_id")),
        target_stage_id: uuid(value.get("target_stage_id")),
    }
}

/// The end of a message that says what was found instead of what is needed.
fn instead(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => format!("; found {}", form::found(value)),
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
