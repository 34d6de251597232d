use std::time::Duration;

use delivery::Assignment;
use serde_json::{Value, json};
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

use super::clock::TIMEOUT;

/// The calls a delivery may make: each stage has one retry.
pub(crate) const MOST_CALLS: u32 = 2;

/// For how long in sum the breaker may hold a delivery back: twice as long as it opens first.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Who commands that the file be put into which stage.
pub(crate) type Command = (Role, &'static str);

/// A workflow and what is commanded in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// Where A's `succeeded` leads: to the second Webhook stage, or to the end.
    pub(crate) after_a: &'static str,
    /// Where B's `failed` leads: to a person, or to a third Webhook stage.
    pub(crate) after_failed_b: &'static str,
    pub(crate) commands: &'static [Command],
    /// Whether A has a condition.
    pub(crate) has_condition: bool,
    /// The delay of each stage's one retry.
    pub(crate) delay: &'static str,
    /// The one status after which a call is repeated; none for the default.
    pub(crate) retry_on: Option<u16>,
}

pub(crate) const TWO_STAGES: Scene = Scene {
    name: "two stages",
    after_a: "B",
    after_failed_b: "Failures",
    commands: &[(Role::WorkforceManager, "A")],
    has_condition: false,
    delay: "10s",
    retry_on: None,
};

/// A file that fails in the second stage goes on to a third.
pub(crate) const THREE_STAGES: Scene = Scene {
    name: "three stages",
    after_failed_b: "C",
    ..TWO_STAGES
};

pub(crate) const ONE_STAGE: Scene = Scene {
    name: "one stage",
    after_a: "Complete",
    ..TWO_STAGES
};

/// A file that the first stage sends only if its condition holds.
pub(crate) const ONE_CONDITION: Scene = Scene {
    name: "one condition",
    has_condition: true,
    ..ONE_STAGE
};

/// The same, with a second stage after it.
pub(crate) const CONDITION_AND_STAGE: Scene = Scene {
    name: "a condition and a stage",
    has_condition: true,
    ..TWO_STAGES
};

/// The retry comes after several messages' delays, and only after a 410.
pub(crate) const LONG_WAIT: Scene = Scene {
    name: "long wait",
    delay: "40min",
    retry_on: Some(410),
    ..ONE_STAGE
};

/// Two commands for the same stage, and one by somebody who may not give it.
pub(crate) const THREE_COMMANDS: Scene = Scene {
    name: "three commands",
    commands: &[
        (Role::WorkforceManager, "A"),
        (Role::Admin, "A"),
        (Role::Annotator, "A"),
    ],
    ..ONE_STAGE
};

/// Two commands, the first of which leads through both stages.
pub(crate) const TWO_COMMANDS: Scene = Scene {
    name: "two commands",
    commands: &[(Role::WorkforceManager, "A"), (Role::Admin, "A")],
    ..TWO_STAGES
};

/// Two commands, one of which takes the file out of the stage again.
pub(crate) const CALLED_BACK: Scene = Scene {
    name: "called back",
    commands: &[(Role::WorkforceManager, "A"), (Role::Admin, "Failures")],
    ..ONE_STAGE
};

pub(crate) fn id(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
}

/// Dataset, then the Webhook stage A, B where A leads there, and C where B does, each with one retry;
/// other failed files go to a person.
pub(crate) fn workflow(scene: &Scene, has_breaker: bool) -> Workflow {
    let breaker = if has_breaker {
        json!({"failures_in_a_row": 1})
    } else {
        json!(false)
    };
    let edge = |name: &str, target: &str| json!({"name": name, "target_stage_id": id(target)});
    let condition = |name: &str| (scene.has_condition && name == "A").then_some("has_tag('x')");
    let webhook = |name: &str, next: &str, failed: &str| -> Value {
        json!({"id": id(name), "name": name, "type": "webhook",
            "config": {"url": "https://receiver.example/", "retry_delays": [scene.delay],
                "retry_on": scene.retry_on.map(|status| [status]),
                "timeout": TIMEOUT.as_secs(), "breaker": breaker, "condition": condition(name),
                "breaker_patience": PATIENCE.as_secs()},
            "edges": [edge("succeeded", next), edge("failed", failed)]})
    };
    let stages = json!([
        {"id": id("Dataset"), "name": "Dataset", "type": "dataset",
            "config": {"initial": true}, "edges": [edge("default", "A")]},
        webhook("A", scene.after_a, "Failures"),
        webhook("B", "Complete", scene.after_failed_b),
        webhook("C", "Complete", "Failures"),
        {"id": id("Failures"), "name": "Failures", "type": "annotate",
            "config": {"assignable_to": "anyone"}},
        {"id": id("Complete"), "name": "Complete", "type": "complete", "config": {}},
    ]);
    let document = json!({"id": id("workflow"), "name": "Small", "stages": stages});
    Workflow::import(document.to_string().as_bytes())
        .unwrap()
        .workflow
}

/// The command as its message.
pub(crate) fn assignment(number: usize, command: &Command) -> Assignment {
    let (role, stage) = *command;
    Assignment {
        assignment_id: Uuid::from_u128(100 + u128::try_from(number).unwrap()),
        team: "team".to_owned(),
        workflow_id: id("workflow"),
        stage_id: id(stage),
        item_id: Uuid::from_u128(1),
        assigned_by: Actor::User { id: Some(7), role },
        assignee: None,
        document: None,
        trace: None,
        waits: 0,
    }
}
