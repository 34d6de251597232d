//! The workflow of the files.

use serde_json::{Value, json};
use uuid::Uuid;

/// The stage every file goes to that succeeded.
pub(crate) const COMPLETE: &str = "Complete";

/// A Webhook stage.
pub(crate) struct Stage<'a> {
    pub(crate) name: &'a str,
    pub(crate) url: String,
    /// Settings besides, as in a workflow file.
    pub(crate) settings: Value,
}

/// A stage's id.
pub(crate) fn id(stage: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, stage.as_bytes())
}

/// As V7 exports it: each stage leads to the end.
pub(crate) fn workflow(stages: &[Stage<'_>]) -> Vec<u8> {
    let edge = |from: &str, name: &str, to: &str| {
        json!({"id": id(&format!("{from} {name}")), "name": name,
            "source_stage_id": id(from), "target_stage_id": id(to)})
    };
    let plain = |name: &str, kind: &str, edges: Value| {
        json!({"id": id(name), "name": name, "type": kind,
            "config": {"initial": kind == "dataset"}, "edges": edges})
    };
    let first = stages[0].name;
    let mut all = vec![
        plain(
            "Dataset",
            "dataset",
            json!([edge("Dataset", "default", first)]),
        ),
        plain("Failed", "annotate", json!([])),
        plain(COMPLETE, "complete", json!([])),
    ];
    for Stage {
        name,
        url,
        settings,
    } in stages
    {
        // Signed and with a token, as stages in earnest are.
        let mut config = json!({"url": url, "retry_if_fails": true, "include_annotations": true,
            "authorization_header": "Bearer load",
            "signing_secrets": ["whsec_bG9hZC1sb2FkLWxvYWQtbG9hZC1sb2Fk"]});
        for (field, value) in settings.as_object().unwrap() {
            config[field] = value.clone();
        }
        all.push(
            json!({"id": id(name), "name": name, "type": "webhook", "config": config,
            "edges": [edge(name, "succeeded", COMPLETE), edge(name, "failed", "Failed")]}),
        );
    }
    let workflow = json!({"id": id("workflow"), "name": "Load", "stages": all});
    workflow.to_string().into_bytes()
}
