//! A workflow, and commands in it.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the binaries that share this file use parts of it"
)]

use delivery::machine::{Dispatched, Effect, FromHistory, Step, dispatch_step};
use delivery::{Assignment, FileState, Timestamp};
use serde_json::json;
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

pub const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);

pub fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Webhook stages, each leading to the next both ways; the last leads nowhere.
pub fn chain(stages: &[&str]) -> Workflow {
    let mut all = vec![
        json!({"id": id("Dataset"), "name": "Dataset", "type": "dataset",
        "config": {"initial": true},
        "edges": [{"name": "default", "target_stage_id": id(stages[0])}]}),
    ];
    for (place, name) in stages.iter().enumerate() {
        let next = stages.get(place + 1).map(|next| id(next));
        let edges =
            ["succeeded", "failed"].map(|edge| json!({"name": edge, "target_stage_id": next}));
        all.push(json!({"id": id(name), "name": name, "type": "webhook",
            "config": {"url": "https://receiver.example/"}, "edges": edges}));
    }
    let document = json!({"id": id("workflow"), "name": "Chain", "stages": all});
    let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
    imported.workflow
}

pub fn command(stage: &str) -> Assignment {
    Assignment {
        assignment_id: id("command"),
        team: "team".to_owned(),
        workflow_id: id("workflow"),
        stage_id: id(stage),
        item_id: id("item"),
        assigned_by: Actor::User {
            id: Some(7),
            role: Role::Admin,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    }
}

/// What the dispatcher does with an assignment that the history does not know.
pub fn dispatched(
    workflow: &Workflow,
    assignment: &Assignment,
    state: Option<&FileState>,
) -> Vec<Effect> {
    match step(Some(workflow), assignment, state) {
        Step::Do(effects, _) => effects,
        other => panic!("{other:?}"),
    }
}

/// The dispatcher's step, with a history that has nothing.
pub fn step(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: Option<&FileState>,
) -> Step<Dispatched> {
    dispatch_step(workflow, assignment, state, &FromHistory::Absent, NOW)
}
