use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tests::inputs::workflow::check;
use uuid::Uuid;
use webhook::guard::Target;
use workflow::{MAX_RETRIES, SecretRef, Workflow};

fn id(number: u8) -> String {
    Uuid::from_u128(u128::from(number)).to_string()
}

fn stage(number: u8) -> impl Strategy<Value = Value> {
    let kinds = [
        "dataset", "annotate", "review", "complete", "webhook", "webhook", "model", "logic",
        "teleport",
    ];
    let names = ["succeeded", "failed", "default", "approve"];
    let edge = (
        prop::sample::select(names.to_vec()),
        prop_oneof![3 => (0..5_u8).prop_map(Some), 1 => Just(None)],
    );
    (prop::sample::select(kinds.to_vec()), prop::collection::vec(edge, 0..3), config()).prop_map(move |(kind, edges, config)| {
        let edges: Vec<Value> = edges
            .iter()
            .map(|(name, target)| json!({"name": name, "target_stage_id": target.map(id), "kept": number}))
            .collect();
        json!({"id": id(number), "name": format!("S{number}"), "type": kind, "edges": edges, "config": config})
    })
}

fn config() -> impl Strategy<Value = Value> {
    let one_of = |values: &[Value]| prop::sample::select(values.to_vec());
    let fields = (
        one_of(&[json!(true), json!(false), json!(null)]),
        one_of(&[
            json!("https://receiver.example/h?k=v"),
            json!("http://127.0.0.1:1/"),
            json!(" https://h/ "),
        ]),
        one_of(&[
            json!(null),
            json!(""),
            json!("Bearer planted-secret"),
            json!("  "),
        ]),
        one_of(&[
            json!(null),
            json!(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]),
            json!([]),
        ]),
        one_of(&[json!(null), json!(0), json!(10), json!("2")]),
        one_of(&[
            json!(null),
            json!([]),
            json!([0.5, "10s", 900]),
            json!(["1h"]),
        ]),
        one_of(&[json!(null), json!("100ms"), json!(300), json!(0)]),
        one_of(&[json!(null), json!("my/ref")]),
    );
    fields.prop_map(|(initial, url, authorization, signing, retries, delays, timeout, reference)| {
        json!({
            "initial": initial, "url": url, "authorization_header": authorization, "signing_secrets": signing,
            "max_retries": retries, "retry_delays": delays, "timeout": timeout, "secret_ref": reference,
            "retry_if_fails": initial, "assignable_to": "anyone", "x": 0.1, "kept": {"deep": [1e300, -0.0]},
        })
    })
}

fn workflow() -> impl Strategy<Value = Value> {
    let stages = (1..6_u8).prop_flat_map(|count| (0..count).map(stage).collect::<Vec<_>>());
    stages.prop_map(
        |stages| json!({"id": id(200), "name": "W", "stages": stages, "progress": {"total": 1}}),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_workflow_holds(workflow in workflow()) {
        check(workflow.to_string().as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What the command line changes can be read again: a stored workflow that cannot be keeps its files
    /// waiting for ever.
    #[test]
    fn a_changed_workflow_comes_back(
        url in prop_oneof![
            "https?://[a-z0-9.:@\\[\\]-]{1,12}/[ -~]{0,8}",
            "[ -~]{0,16}",
            Just("http://[::1]:8080/h?x=%20#f".to_owned()),
            Just("https://h\u{e9}.example/\u{e9}".to_owned()),
        ],
        delays in prop::collection::vec(0..=900_000_000_000_u64, 0..=MAX_RETRIES as usize),
        reference in "\\PC{0,12}",
    ) {
        prop_assume!(Target::check_text(&url).is_ok());
        let json = include_bytes!("../../../shared/workflow/tests/data/two_webhooks.json");
        let mut workflow = Workflow::import(json).unwrap().workflow;
        let stage = workflow.first_webhook().unwrap().id;
        let delays: Vec<Duration> = delays.into_iter().map(Duration::from_nanos).collect();
        workflow.set_webhook_url(stage, &url).unwrap();
        workflow.set_retry_delays(stage, &delays).unwrap();
        workflow.set_secret_ref(stage, &SecretRef(reference)).unwrap();
        let again = Workflow::import(&workflow.to_json());
        prop_assert_eq!(again.map(|again| again.workflow), Ok(workflow));
    }
}

/// Were all refused, the property above would say nothing.
#[test]
fn many_of_them_are_good_workflows() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let good = (0..400)
        .filter(|_| {
            let workflow = workflow().new_tree(&mut runner).unwrap().current();
            Workflow::import(workflow.to_string().as_bytes()).is_ok()
        })
        .count();
    assert!((40..360).contains(&good), "{good} of 400 can be imported");
}
