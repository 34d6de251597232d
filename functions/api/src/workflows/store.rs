use bytes::Bytes;
use delivery::Timestamp;
use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};
use std::time::SystemTime;
use uuid::Uuid;
use webhook::{check_client_certificate, check_templates};
use workflow::{Imported, Problem, Workflow};

use super::view::SECRETS_SET;
use crate::api::{Api, Engine};
use crate::error::ApiError;
use crate::request::json;
use crate::team::team_number;
use crate::time::written;

/// The largest workflow, as it is stored: 380 KiB, which is what the engines take.
const LARGEST: usize = 380 * 1024;

/// Where a workflow is to be stored.
pub(super) enum Given {
    /// Under its own id, or else under this one.
    New(Uuid),
    /// Under this id.
    At(Uuid),
}

/// A workflow of a request's body, with its id.
pub(super) struct GivenWorkflow(Map<String, Value>);

impl GivenWorkflow {
    pub(super) fn id(&self) -> Result<Uuid, ApiError> {
        let id = self.0.get("id").and_then(Value::as_str);
        id.and_then(|id| Uuid::parse_str(id).ok())
            .ok_or_else(|| ApiError::invalid("id", "id is not a UUID"))
    }
}

/// Reads a body.
pub(super) fn given(
    headers: &HeaderMap,
    body: &Bytes,
    at: Given,
) -> Result<GivenWorkflow, ApiError> {
    let mut given: Map<String, Value> = json(headers, body)?;
    let id = given.get("id").filter(|id| !id.is_null()).cloned();
    match (at, id) {
        (Given::New(made), None) => {
            given.insert("id".to_owned(), Value::from(made.to_string()));
        }
        (Given::New(_), Some(_)) => {}
        (Given::At(path), None) => {
            given.insert("id".to_owned(), Value::from(path.to_string()));
        }
        (Given::At(path), Some(id)) => {
            let is_same = id.as_str().and_then(|id| Uuid::parse_str(id).ok()) == Some(path);
            if !is_same {
                let message = "the body's id is not that of the path";
                return Err(ApiError::invalid("id", message));
            }
        }
    }
    Ok(GivenWorkflow(given))
}

/// Checks a workflow and stores it in place of the one before.
pub(super) async fn stored<S: Engine, C>(
    api: &Api<S, C>,
    team: &str,
    given: GivenWorkflow,
    before: Option<&Workflow>,
) -> Result<Workflow, ApiError> {
    let GivenWorkflow(mut fields) = given;
    let now = written(Timestamp::from(SystemTime::now()));
    let begun = before.and_then(|before| serde_json::from_slice::<Value>(&before.to_json()).ok());
    let begun = begun.and_then(|before| before.get("inserted_at").cloned());
    fields.insert(
        "inserted_at".to_owned(),
        begun.unwrap_or_else(|| Value::from(now.as_str())),
    );
    fields.insert("updated_at".to_owned(), Value::from(now));
    fields.insert("team_id".to_owned(), Value::from(team_number(team)));
    keep_secrets(&mut fields, before);
    let bytes = serde_json::to_vec(&fields).unwrap_or_default();
    let mut imported = Workflow::import(&bytes).map_err(|error| refused(&error.problems))?;
    let problems = check_templates(&mut imported, &api.example);
    if !problems.is_empty() {
        return Err(refused(&problems));
    }
    let Imported {
        workflow, secrets, ..
    } = imported;
    for (_, secrets) in &secrets {
        if secrets.client_certificate.is_some() {
            check_client_certificate(secrets)
                .map_err(|error| ApiError::invalid("client_certificate", error.to_string()))?;
        }
    }
    if let Some(why) = (api.refuses)(&workflow) {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Err(ApiError::new(status, "not_supported_here", why));
    }
    if workflow.to_json().len() > LARGEST {
        return Err(ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "workflow_too_large",
            format!("a workflow can have at most {} KiB", LARGEST / 1024),
        ));
    }
    api.store.put_workflow(team, &workflow, &secrets).await?;
    Ok(workflow)
}

/// Has each stage refer to the secrets that are stored for it, and to no others: a reference is given out by the service
/// only.
fn keep_secrets(fields: &mut Map<String, Value>, before: Option<&Workflow>) {
    let Some(Value::Array(stages)) = fields.get_mut("stages") else {
        return;
    };
    for stage in stages {
        let id = stage.get("id").and_then(Value::as_str);
        let id = id.and_then(|id| Uuid::parse_str(id).ok());
        let Some(Value::Object(config)) = stage.get_mut("config") else {
            continue;
        };
        config.remove("secret_ref");
        config.remove(SECRETS_SET);
        let is_removed = config.get("authorization_header").and_then(Value::as_str) == Some("");
        let known = id.and_then(|id| before?.stage(id)?.webhook.as_ref()?.secret_ref.as_ref());
        if let Some(reference) = known.filter(|_| !is_removed) {
            let reference = Value::from(reference.0.as_str());
            config.insert("secret_ref".to_owned(), reference);
        }
    }
}

/// All problems in one message, with the code and the place of the first.
fn refused(problems: &[Problem]) -> ApiError {
    let messages: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let first = problems.first();
    ApiError {
        code: first.map_or("invalid_workflow", Problem::code),
        field: first.and_then(Problem::place),
        ..ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_workflow",
            messages.join("; "),
        )
    }
}
