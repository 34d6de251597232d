use serde_json::{Map, Value, json};
use uuid::Uuid;
use workflow::{StageKind, Workflow};

/// The member of a stage's config that says that secrets are stored for it.
pub(super) const SECRETS_SET: &str = "secrets_set";

/// UUID namespace of teams' numbers. It must never change.
const NAMESPACE: Uuid = Uuid::from_u128(0x8b0e_5a41_92d7_4c1c_8d5f_6a0c_54f3_19e2);

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

/// V7 knows a team by a number too, and its client asks for one. It is derived from the slug.
pub(crate) fn team_number(team: &str) -> u32 {
    let derived = Uuid::new_v5(&NAMESPACE, team.as_bytes());
    derived.as_fields().0 & 0x7fff_ffff
}
