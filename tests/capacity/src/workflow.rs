use serde_json::{Value, json};
use workflow::{ImportError, Workflow};

use crate::ids;
use crate::plan::Stage;

/// A workflow with these Webhook stages side by side. Files leave them for stages that call nobody.
pub(crate) fn workflow(stages: &[Stage]) -> Result<Workflow, ImportError> {
    let edge = |name: &str, to| json!({"name": name, "target_stage_id": to});
    let mut all = vec![
        json!({"id": ids::ENTRY, "name": "Dataset", "type": "dataset", "config": {"initial": true},
            "edges": [edge("default", ids::stage(0))]}),
        json!({"id": ids::END, "name": "Complete", "type": "complete", "config": {}}),
        json!({"id": ids::FAILURES, "name": "Failures", "type": "annotate", "config": {}}),
    ];
    for (number, stage) in stages.iter().enumerate() {
        let mut config = stage.settings.clone();
        config.insert("url".to_owned(), "https://receiver.example/".into());
        all.push(json!({
            "id": ids::stage(number), "name": format!("Webhook {number}"), "type": "webhook",
            "config": Value::Object(config),
            "edges": [edge(workflow::SUCCEEDED, ids::END), edge(workflow::FAILED, ids::FAILURES)],
        }));
    }
    let document = json!({"id": ids::WORKFLOW, "name": "Capacity", "stages": all});
    Ok(Workflow::import(document.to_string().as_bytes())?.workflow)
}
