//! What each further Webhook stage adds, with the settings of each profile: metrics, secrets, and the workflow that is
//! read again and again.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::function::deliveries;
use crate::profiles::{all, parameters};
use crate::run::{ASSIGNMENTS, DELIVERIES, Done, Metrics, Scene, TEAM};

pub async fn counted(programs: &Path) -> Value {
    let mut found = Map::new();
    for (name, profile) in all() {
        found.insert(name, of_profile(programs, &profile).await);
    }
    Value::Object(found)
}

async fn of_profile(programs: &Path, profile: &Value) -> Value {
    let scene = Scene::new(programs, parameters(profile), false).await;
    let stages: Vec<_> = scene
        .workflow
        .webhook_stages()
        .map(|(stage, _)| stage.id)
        .collect();
    let dispatcher = scene.start("dispatcher");
    for stage in &stages {
        dispatcher.handle(ASSIGNMENTS, &scene.assignments(*stage, 1));
    }
    let dispatched = dispatcher.lines(0);
    // One function at a time takes the endpoint's events.
    drop(dispatcher);
    let sender = scene.start("sender");
    sender.handle(DELIVERIES, &deliveries(&scene.endpoint.sent()));
    let done = Done {
        messages: stages.len(),
        asked: scene.endpoint.asked(),
        log: [dispatched, sender.lines(0)].concat(),
    };
    let metrics = done.metrics();
    let first = stages[0].to_string();
    let of_stage = counted_by(&metrics, &first);
    let of_team = counted_by(&metrics, TEAM);
    let mut secrets: Vec<_> = done
        .asked
        .iter()
        .filter_map(|asked| asked.secret.clone())
        .collect();
    secrets.retain(|name| name.contains(TEAM));
    secrets.sort_unstable();
    secrets.dedup();
    let query = done
        .asked
        .iter()
        .find(|asked| asked.operation == "Query")
        .unwrap();
    json!({
        "stages": stages.len(),
        "metrics_of_all": metrics.len(),
        "metrics_a_stage": of_stage.0,
        "alarm_rows_a_stage": of_stage.1,
        "metrics_a_team": of_team.0,
        "alarm_rows_a_team": of_team.1,
        "secrets_of_all": secrets.len(),
        "workflow_read_units": query.units.read,
    })
}

/// The metrics that have this stage or team for a dimension, and how many of them the failure-rate alarm counts as a row.
fn counted_by(metrics: &Metrics, whose: &str) -> (usize, usize) {
    let own = metrics
        .iter()
        .filter(|(_, by)| by.values().any(|value| value == whose));
    let rows = own
        .clone()
        .filter(|(name, by)| name == "DeliveryFailed" && !by.contains_key("Reason"));
    (own.count(), rows.count())
}
