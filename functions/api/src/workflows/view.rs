use serde_json::{Map, Value, json};
use uuid::Uuid;
use workflow::{StageKind, Workflow};

use crate::team::team_number;

/// The member of a stage's config that says that secrets are stored for it.
pub(super) const SECRETS_SET: &str = "secrets_set";

/// A workflow as V7 shows it. Secrets are `null`.
pub(super) fn view(team: &str, workflow: &Workflow) -> Value {
    let mut shown: Value = serde_json::from_slice(&workflow.to_json()).unwrap_or_default();
    let Some(fields) = shown.as_object_mut() else {
        return shown;
    };
    for (field, default) in [
        ("team_id", json!(team_number(team))),
        ("inserted_at", json!("1970-01-01T00:00:00Z")),
        ("updated_at", json!("1970-01-01T00:00:00Z")),
        ("dataset", Value::Null),
        ("thumbnails", json!([])),
    ] {
        fields.entry(field).or_insert(default);
    }
    for stage in fields
        .get_mut("stages")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        if let Some(stage) = stage.as_object_mut() {
            complete(stage);
        }
    }
    shown
}

fn complete(stage: &mut Map<String, Value>) {
    for list in ["assignable_users", "edges"] {
        stage.entry(list).or_insert_with(|| json!([]));
    }
    complete_edges(stage);
    let kind = stage.get("type").and_then(Value::as_str);
    let is_webhook = kind.map(StageKind::from_name) == Some(StageKind::Webhook);
    let config = stage.entry("config").or_insert_with(|| json!({}));
    if let Some(config) = config.as_object_mut().filter(|_| is_webhook) {
        let is_set = config
            .remove("secret_ref")
            .is_some_and(|named| !named.is_null());
        config.insert(SECRETS_SET.to_owned(), Value::from(is_set));
        config.insert("authorization_header".to_owned(), Value::Null);
    }
}

/// V7's client refuses a workflow with an edge that does not say its id and where it begins.
fn complete_edges(stage: &mut Map<String, Value>) {
    let source = stage.get("id").cloned().unwrap_or_default();
    let namespace = source.as_str().and_then(|id| Uuid::parse_str(id).ok());
    let edges = stage.get_mut("edges").and_then(Value::as_array_mut);
    let edges = edges.into_iter().flatten();
    for edge in edges.filter_map(Value::as_object_mut) {
        let name = edge.entry("name").or_insert_with(|| json!("default"));
        let id = Uuid::new_v5(
            &namespace.unwrap_or_default(),
            name.as_str().unwrap_or_default().as_bytes(),
        );
        for (field, value) in [
            ("id", Value::from(id.to_string())),
            ("source_stage_id", source.clone()),
        ] {
            let found = edge.entry(field).or_insert(Value::Null);
            if found.is_null() {
                *found = value;
            }
        }
        edge.entry("target_stage_id").or_insert(Value::Null);
    }
}
