//! Small workflows of every shape, and who assigns files to their stages.

use std::collections::BTreeMap;
use std::time::Duration;

use delivery::Assignment;
use delivery::machine::visit_id_of;
use serde_json::{Value, json};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use crate::check::{Command, Limits};
use crate::dice::Dice;
use crate::faults::Break;
use crate::world::{ASSIGNMENTS, World};

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

const URL: &str = "https://receiver.example/";

fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// A workflow, and what the checker has to know of its Webhook stages.
pub(super) struct Scene {
    pub(super) workflow: Workflow,
    /// How many calls a delivery may make.
    pub(super) most_calls: BTreeMap<Uuid, u32>,
    pub(super) limits: BTreeMap<Uuid, Limits>,
}

pub(super) fn workflow(dice: &mut Dice) -> Scene {
    let shape = SHAPES[dice.index(SHAPES.len())];
    let retries = dice.index(4);
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
    let (mut most_calls, mut limits) = (BTreeMap::new(), BTreeMap::new());
    // A world has one kind of delays, or a few long ones would leave no time for the others.
    let delays = if dice.one_in(12) {
        [1_000, 2_400, 7_200]
    } else {
        [2, 10, 60]
    };
    for (name, succeeded, failed) in shape {
        let delay = delays[dice.index(3)];
        let delays: Vec<Value> = (0..retries).map(|_| json!(delay)).collect();
        let mut config = json!({"url": URL, "retry_delays": delays, "timeout": "5s"});
        let mut most = retries + 1;
        if dice.one_in(6) {
            most = dice.index(5) + 1;
            config["max_retries"] = json!(most - 1);
        }
        if dice.one_in(12) {
            most = 1;
            config["retry_if_fails"] = json!(false);
        }
        let mut skipped = None;
        if dice.one_in(3) {
            config["condition"] = json!("has_tag(\"Urgent\")");
            skipped = [None, Some("Annotate"), Some("Failures")][dice.index(3)];
        }
        // What is repeated if there is no delay to repeat.
        let delay = if retries == 0 { 10 } else { delay };
        let most = u32::try_from(most).unwrap();
        if dice.one_in(5) {
            let repeated = [
                json!(["5xx", "network"]),
                json!([410, 404, 503]),
                json!(["3xx", "4xx"]),
                json!([]),
            ];
            config["retry_on"] = repeated[dice.index(repeated.len())].clone();
        }
        let sum = Duration::from_secs(delay) * (most - 1);
        most_calls.insert(id(name), most);
        limits.insert(id(name), control(dice, &mut config, sum));
        stages.push(
            json!({"id": id(name), "name": name, "type": "webhook", "config": config,
            "edges": [edge("succeeded", *succeeded), edge("failed", *failed), edge("skipped", skipped)]}),
        );
    }
    let document = json!({"id": id("workflow"), "name": "Simulated", "stages": stages});
    let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
    Scene {
        workflow: imported.workflow,
        most_calls,
        limits,
    }
}

/// Settings of the breaker, the rate and the receiver's word. `patience` is the one that a stage has by default.
fn control(dice: &mut Dice, config: &mut Value, mut patience: Duration) -> Limits {
    match dice.index(5) {
        0 => {}
        1 => config["breaker"] = json!({"failures_in_a_row": 1}),
        2 | 3 => config["breaker"] = json!({"failures_in_a_row": 2}),
        _ => {
            config["breaker"] =
                json!({"failures_in_a_row": 1000, "calls": 2, "failed_percent": 60, "window": 60});
        }
    }
    let has_breaker = !dice.one_in(8);
    if !has_breaker {
        config["breaker"] = json!(false);
    }
    if dice.one_in(4) {
        let seconds = [20, 0, 300][dice.index(3)];
        config["breaker_patience"] = json!(seconds);
        patience = Duration::from_secs(seconds);
    }
    let mut interval = None;
    if dice.one_in(4) {
        let (rate, seconds) = [("6/min", 10), ("30/min", 2)][dice.index(2)];
        config["max_rate"] = json!(rate);
        interval = Some(Duration::from_secs(seconds));
    }
    config["receiver_control"] = json!(dice.one_in(3));
    Limits {
        has_breaker,
        patience,
        interval,
    }
}

/// Files that the people of a world work with.
const FILES: i64 = 3;

/// Somebody assigns a file; now and then the message is sent twice.
pub(super) fn assign(world: &mut World) {
    let webhooks: Vec<Uuid> = world
        .workflow
        .webhook_stages()
        .map(|(stage, _)| stage.id)
        .collect();
    let stage_id = if world.dice.one_in(5) {
        id("Annotate")
    } else {
        webhooks[world.dice.index(webhooks.len())]
    };
    let role = Role::ALL[world.dice.index(Role::ALL.len())];
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
        item_id: Uuid::from_u128(world.dice.pick(1..=FILES).unsigned_abs().into()),
        assigned_by: Actor::User {
            id: Some(7),
            role: said,
        },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    };
    // By the role that people have, whatever a break makes of it.
    let by_worker = role == Role::Annotator;
    let visit_id = visit_id_of(&assignment);
    world.witness.commands.insert(Command {
        visit_id,
        by_worker,
    });
    let body = serde_json::to_string(&assignment).unwrap();
    if world.dice.one_in(10) {
        world.faults.note("producer sends twice");
        let later = world.dice.pick(0..600_000);
        world.post(ASSIGNMENTS, body.clone(), later);
    }
    world.post(ASSIGNMENTS, body, 0);
}
