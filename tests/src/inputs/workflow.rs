//! V7's workflow JSON: what is imported is safe to run, loses nothing, and holds no secret.

use std::time::Duration;

use ::workflow::{
    Actor, Imported, MAX_DELAY, MAX_RETRIES, MAX_RETRY_TIME, MAX_TIMEOUT, Position, Role,
    StageKind, Workflow, may_assign,
};
use delivery::retry::Policy;
use serde_json::{Map, Value};
use uuid::Uuid;

/// All that must hold.
///
/// # Panics
/// When something does not.
pub fn check(json: &[u8]) {
    let imported = match Workflow::import(json) {
        Ok(imported) => imported,
        Err(error) => {
            assert!(!error.problems.is_empty(), "an error says what is wrong");
            assert!(
                error
                    .problems
                    .iter()
                    .all(|problem| !problem.code().is_empty())
            );
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let document: Value = serde_json::from_slice(json).expect("imported, so it is JSON");
    let stored = imported.workflow.to_json();
    comes_back_from_the_store(&imported, &stored);
    keeps_all_but_secrets(&document, &stored);
    hides_secrets(&document, &imported, &stored);
    stays_within_limits(&imported.workflow);
    every_rule_has_an_answer(&imported.workflow);
}

fn comes_back_from_the_store(imported: &Imported, stored: &[u8]) {
    let again = Workflow::import(stored).expect("what was imported can be stored and read");
    assert_eq!(again.workflow, imported.workflow);
    assert!(again.secrets.is_empty(), "no secret is stored");
}

fn keeps_all_but_secrets(document: &Value, stored: &[u8]) {
    let stored: Value = serde_json::from_slice(stored).expect("a workflow is stored as JSON");
    assert_eq!(without_secrets(stored), without_secrets(document.clone()));
}

fn without_secrets(mut workflow: Value) -> Value {
    for config in configs(&mut workflow) {
        for field in ["authorization_header", "signing_secrets", "secret_ref"] {
            config.remove(field);
        }
        for secret in further_secrets(config) {
            *secret = Value::Null;
        }
        // A secret that was left out is stored like one that was taken out.
        for field in ["authorization", "client_certificate"] {
            if let Some(object) = config.get_mut(field).and_then(Value::as_object_mut) {
                object.retain(|_, value| !value.is_null());
            }
        }
    }
    workflow
}

/// The secrets of a stage besides its Authorization value and its signing secrets.
fn further_secrets(config: &mut Map<String, Value>) -> Vec<&mut Value> {
    let mut secrets = Vec::new();
    for (field, value) in config.iter_mut() {
        for (name, value) in value.as_object_mut().into_iter().flatten() {
            match (field.as_str(), name.as_str()) {
                ("authorization", "password" | "client_secret")
                | ("client_certificate", "certificate" | "key") => secrets.push(value),
                ("headers", _) => {
                    secrets.extend(value.as_object_mut().and_then(|o| o.get_mut("secret")));
                }
                _ => {}
            }
        }
    }
    secrets
}

/// With other secrets in the same places, all that is stored and shown is the same.
fn hides_secrets(document: &Value, imported: &Imported, stored: &[u8]) {
    let mut other = document.clone();
    for config in configs(&mut other) {
        if let Some(Value::String(secret)) = config.get_mut("authorization_header")
            && !secret.trim().is_empty()
        {
            *secret = "Other".to_owned();
        }
        let signing = config.get_mut("signing_secrets");
        for secret in signing.and_then(Value::as_array_mut).into_iter().flatten() {
            if secret.is_string() {
                *secret = Value::from("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX");
            }
        }
        for secret in further_secrets(config) {
            if secret.is_string() {
                *secret = Value::from("other");
            }
        }
    }
    let other = Workflow::import(other.to_string().as_bytes()).expect("as good as the first");
    let (other_stored, other_shown) = (other.workflow.to_json(), format!("{other:?}"));
    assert!(other_stored == stored, "a secret is stored");
    assert!(other_shown == format!("{imported:?}"), "a secret is shown");
}

fn configs(workflow: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let stages = workflow.get_mut("stages").and_then(Value::as_array_mut);
    let stages = stages.into_iter().flatten();
    stages.filter_map(|stage| stage.get_mut("config")?.as_object_mut())
}

fn stays_within_limits(workflow: &Workflow) {
    for (stage, config) in workflow.webhook_stages() {
        assert_eq!(stage.kind, StageKind::Webhook);
        assert!(
            config
                .timeout
                .is_none_or(|timeout| timeout <= MAX_TIMEOUT && !timeout.is_zero())
        );
        let policy = Policy::of(config);
        assert!(policy.max_retries() <= MAX_RETRIES);
        let planned = (1..=policy.max_retries()).filter_map(|attempt| {
            policy.delay_after(attempt, stage.id, None, delivery::Timestamp::default())
        });
        let all: Duration = planned.sum();
        assert!(all <= MAX_RETRY_TIME.mul_f64(1.2), "{all:?}");
        for attempt in 0..=MAX_RETRIES + 1 {
            let delay = policy.delay_after(attempt, stage.id, None, delivery::Timestamp::default());
            assert!(delay.is_none_or(|delay| delay <= MAX_DELAY));
            assert_eq!(
                delay.is_some(),
                (1..=policy.max_retries()).contains(&attempt)
            );
        }
    }
}

fn every_rule_has_an_answer(workflow: &Workflow) {
    let entry = workflow
        .entry()
        .expect("a workflow without an entry is refused");
    for stage in &workflow.stages {
        assert_eq!(
            workflow
                .find_stage(&stage.id.to_string())
                .map(|found| found.id),
            Ok(stage.id)
        );
        for edge in &stage.edges {
            let target = edge.target_stage_id;
            assert!(target.is_none_or(|target| workflow.stage(target).is_some()));
        }
        let positions = [
            Position::InDataset,
            Position::At {
                stage_id: entry.id,
                assignee: None,
            },
            Position::At {
                stage_id: stage.id,
                assignee: Some(7),
            },
        ];
        for position in &positions {
            for role in Role::ALL {
                let allowed = may_assign(
                    workflow,
                    stage,
                    &Actor::User { id: Some(7), role },
                    position,
                );
                let fires = role == Role::Annotator && stage.kind.is_automated();
                assert!(
                    !(fires && allowed.is_ok()),
                    "a Worker fires an automated stage"
                );
            }
            let actor = Actor::Workflow {
                from_visit: Uuid::nil(),
            };
            let _ = may_assign(workflow, stage, &actor, position);
        }
    }
}
