//! Small workflows of every shape, and who assigns files to their stages.

use delivery::Assignment;
use delivery::machine::visit_id_of;
use fastrand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use super::faults::Break;
use super::world::{ASSIGNMENTS, World};

/// Stages by name with their edges; the first is the one after Dataset.
type Shape = &'static [(&'static str, Option<&'static str>, Option<&'static str>)];

const SHAPES: [Shape; 6] = [
    &[("A", Some("Annotate"), Some("Failures"))],
    &[("A", Some("Annotate"), None)],
    &[
        ("A", Some("B"), Some("Annotate")),
        ("B", Some("Complete"), Some("A")),
    ],
    &[
        ("A", Some("B"), Some("B")),
        ("B", Some("A"), Some("Failures")),
    ],
    &[("A", None, Some("B")), ("B", None, None)],
    &[("A", Some("A"), Some("Failures"))],
];

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

pub(super) fn workflow(rng: &mut Rng) -> Workflow {
    let shape = SHAPES[rng.usize(0..SHAPES.len())];
    let retries = rng.usize(0..4);
    let edge =
        |name: &str, target: Option<&str>| json!({"name": name, "target_stage_id": target.map(id)});
    let mut stages = vec![
        json!({"id": id("Dataset"), "name": "Dataset", "type": "dataset",
            "config": {"initial": true}, "edges": [edge("default", Some("A"))]}),
    ];
    for (name, kind) in [
        ("Annotate", "annotate"),
        ("Failures", "annotate"),
        ("Complete", "complete"),
    ] {
        stages.push(json!({"id": id(name), "name": name, "type": kind,
            "config": {"assignable_to": "anyone"}}));
    }
    for (name, succeeded, failed) in shape {
        let delays: Vec<Value> = (0..retries).map(|_| json!("2s")).collect();
        stages.push(json!({"id": id(name), "name": name, "type": "webhook",
            "config": {"url": "https://receiver.example/", "retry_delays": delays, "timeout": "5s"},
            "edges": [edge("succeeded", *succeeded), edge("failed", *failed)]}));
    }
    let document = json!({"id": id("workflow"), "name": "Simulated", "stages": stages});
    Workflow::import(document.to_string().as_bytes())
        .unwrap()
        .workflow
}

/// Somebody assigns a file; now and then the message is sent twice.
pub(super) fn assign(world: &mut World) {
    let files = 3;
    let webhooks: Vec<Uuid> = world
        .workflow
        .webhook_stages()
        .map(|(stage, _)| stage.id)
        .collect();
    let stage_id = if world.rng.u32(0..5) == 0 {
        id("Annotate")
    } else {
        webhooks[world.rng.usize(0..webhooks.len())]
    };
    let role = Role::ALL[world.rng.usize(0..Role::ALL.len())];
    let said = if world.is_broken(Break::EverybodyIsAdmin) {
        Role::Admin
    } else {
        role
    };
    let assignment = Assignment {
        assignment_id: world.uuid(),
        team: "team".to_owned(),
        workflow_id: world.workflow.id,
        stage_id,
        item_id: Uuid::from_u128(world.rng.u128(1..=files)),
        assigned_by: Actor::User {
            id: Some(7),
            role: said,
        },
        document: None,
    };
    let visit = visit_id_of(&assignment);
    world.checker.commands.insert(visit);
    if role == Role::Annotator {
        world.checker.by_workers.insert(visit);
    }
    let body = serde_json::to_string(&assignment).unwrap();
    if world.rng.u32(0..10) == 0 {
        world.faults.note("producer sends twice");
        let later = world.rng.i64(0..600_000);
        world.post(ASSIGNMENTS, body.clone(), later);
    }
    world.post(ASSIGNMENTS, body, 0);
}
