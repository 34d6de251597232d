//! A known field with a value of another form than it should have: never ignored, whatever the stage.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};
use workflow::Workflow;

const EXAMPLE: &[u8] = include_bytes!("data/two_webhooks.json");

const STAGES: usize = 7;
const KINDS: [&str; 14] = [
    "dataset",
    "annotate",
    "review",
    "complete",
    "discard",
    "archive",
    "model",
    "webhook",
    "consensus_entrypoint",
    "consensus_test",
    "logic",
    "sampling",
    "code",
    "teleport",
];

fn example() -> Value {
    serde_json::from_slice(EXAMPLE).unwrap()
}

fn problems(document: &Value) -> Vec<String> {
    match Workflow::import(document.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(ToString::to_string).collect(),
    }
}

/// A value of each JSON kind, by the kind's letter.
fn of_kind(kind: char) -> Value {
    match kind {
        'b' => json!(false),
        'n' => json!(7),
        'f' => json!(1.5),
        'm' => json!(-1),
        't' => json!("no"),
        'l' => json!([{"a": 1}, 1, "x", null]),
        'o' => json!({"a": 1}),
        other => panic!("{other}"),
    }
}

const ALL: &str = "bnfmtlo";

/// The fields of a `config`, and the kinds that each takes at least sometimes.
const CONFIG: [(&str, &str); 36] = [
    ("x", "nfm"),
    ("y", "nfm"),
    ("initial", "b"),
    ("readonly", "b"),
    ("skippable", "b"),
    ("auto_instantiate", "b"),
    ("retry_if_fails", "b"),
    ("include_annotations", "b"),
    ("assignable_to", ""),
    ("dataset_id", "n"),
    ("model_id", "t"),
    ("model_type", "t"),
    ("class_mapping", ""),
    ("parallel_stage_ids", ""),
    ("test_stage_id", ""),
    ("champion_stage_id", ""),
    ("iou_thresholds", "o"),
    ("rules", "l"),
    ("url", "t"),
    ("authorization_header", "t"),
    ("signing_secrets", ""),
    ("secret_ref", "t"),
    ("max_retries", "n"),
    ("timeout", "nft"),
    ("presigned_url_expiry", "nft"),
    ("breaker", "bo"),
    ("breaker_patience", "nft"),
    ("max_rate", "t"),
    ("receiver_control", "b"),
    ("condition", "t"),
    ("content_type", "t"),
    ("method", "t"),
    ("headers", "o"),
    ("retry_on", "l"),
    ("authorization", "o"),
    ("client_certificate", "o"),
];

fn all_wrong() -> Vec<(&'static str, Value)> {
    let kinds = |takes: &'static str| ALL.chars().filter(move |kind| !takes.contains(*kind));
    let mut wrong: Vec<_> = CONFIG
        .iter()
        .flat_map(|(field, takes)| kinds(takes).map(|kind| (*field, of_kind(kind))))
        .collect();
    wrong.extend([
        ("retry_if_fails", json!("False")),
        ("include_annotations", json!(0)),
        ("assignable_to", json!("Manual")),
        ("class_mapping", json!([{"annotation_class_id": "5"}])),
        ("class_mapping", json!([{"model_class_label": 5}])),
        ("parallel_stage_ids", json!([null])),
        ("retry_delays", json!("10s")),
        ("retry_delays", json!([true])),
        ("retry_delays", json!({"first": 1})),
        ("breaker", json!({"failures_in_a_row": "ten"})),
        ("breaker", json!({"failed_percent": true})),
        ("breaker", json!({"calls": -1})),
        ("breaker", json!({"window": []})),
    ]);
    wrong
}

#[test]
fn no_field_of_a_wrong_form_is_ignored_in_any_stage() {
    for (field, value) in all_wrong() {
        for kind in KINDS {
            let mut document = example();
            let stage = &mut document["stages"][1];
            stage["type"] = json!(kind);
            stage["config"][field] = value.clone();
            let problems = problems(&document);
            let named = problems
                .iter()
                .any(|problem| problem.contains(field) && problem.contains("\"Notify\""));
            assert!(named, "{kind}: {field}: {value}: {problems:?}");
        }
    }
}

#[test]
fn the_error_says_what_was_found_and_what_is_wanted() {
    for (field, value, says) in [
        (
            "retry_if_fails",
            json!("false"),
            "its config.retry_if_fails must be true or false; found the text \"false\"",
        ),
        (
            "include_annotations",
            json!(0),
            "its config.include_annotations must be true or false; found 0",
        ),
        (
            "assignable_to",
            json!("everyone"),
            "its config.assignable_to must be \"anyone\" or \"manual\"; found the text \"everyone\"",
        ),
        (
            "class_mapping",
            json!([{}, {"annotation_class_id": true}]),
            "its config.class_mapping[1].annotation_class_id must be a whole number from 0; found true",
        ),
        (
            "max_retries",
            json!("5"),
            "its max_retries must be a whole number from 0 to 20; found the text \"5\"",
        ),
        (
            "retry_delays",
            json!([1, "soon"]),
            "each at most 24 h: seconds, or text such as \"30s\" or \"2min\"; found the text \"soon\"",
        ),
        ("timeout", json!([]), "found a list"),
        ("url", json!(["x"]), "its url must be text; found a list"),
        (
            "secret_ref",
            json!(7),
            "its secret_ref must be text; found a number",
        ),
    ] {
        let mut document = example();
        document["stages"][1]["config"][field] = value;
        let problems = problems(&document);
        assert!(
            problems.len() == 1 && problems[0].contains(says),
            "{field}: {problems:?}"
        );
    }
}

#[test]
fn stages_edges_and_users_of_a_wrong_form_are_named() {
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 17] = [
        (
            |stage| *stage = json!(7),
            "(number 3 in the list): it must be an object; found 7",
        ),
        (
            |stage| *stage = Value::Null,
            "it must be an object; found null",
        ),
        (
            |stage| stage["id"] = json!(7),
            "it needs an \"id\" that is a UUID; found 7",
        ),
        (|stage| stage["id"] = json!("x"), "found the text \"x\""),
        (
            |stage| stage["type"] = json!(["webhook"]),
            "\"type\" that is text, such as \"webhook\"; found a list",
        ),
        (
            |stage| stage["name"] = json!(7),
            "its name must be text; found 7",
        ),
        (
            |stage| stage["config"] = json!([]),
            "its config must be an object; found a list",
        ),
        (
            |stage| stage["edges"] = json!({}),
            "its edges must be a list; found an object",
        ),
        (
            |stage| stage["edges"] = json!([null]),
            "its edges[0] must be an object; found null",
        ),
        (
            |stage| stage["edges"][0]["id"] = json!("e1"),
            "its edges[0].id must be a UUID; found the text \"e1\"",
        ),
        (
            |stage| stage["edges"][0]["name"] = json!(1),
            "its edges[0].name must be text; found 1",
        ),
        (
            |stage| stage["edges"][0]["target_stage_id"] = json!(true),
            "its edges[0].target_stage_id must be a UUID; found true",
        ),
        (
            |stage| stage["edges"][0]["source_stage_id"] = json!(""),
            "its edges[0].source_stage_id must be a UUID",
        ),
        (
            |stage| stage["assignable_users"] = json!(42),
            "its assignable_users must be a list; found 42",
        ),
        (
            |stage| stage["assignable_users"] = json!([1, "42"]),
            "its assignable_users[1] must be an object with a user_id; found the text \"42\"",
        ),
        (
            |stage| stage["assignable_users"] = json!([{"user_id": "42"}]),
            "its assignable_users[0].user_id must be a whole number from 0",
        ),
        (
            |stage| stage["assignable_users"] = json!([{}]),
            "its assignable_users[0] needs a user_id",
        ),
    ];
    for (change, says) in changes {
        let mut document = example();
        change(&mut document["stages"][2]);
        let problems = problems(&document);
        let named = problems.iter().any(|problem| problem.contains(says));
        assert!(named, "{says}: {problems:?}");
    }
}

#[test]
fn top_level_fields_of_a_wrong_form_are_named() {
    for (field, value, says) in [
        ("id", json!(7), "needs an \"id\" that is a UUID; found 7"),
        ("name", json!(["x"]), "name must be text; found a list"),
        (
            "team_id",
            json!("42"),
            "team_id must be a whole number from 0; found the text \"42\"",
        ),
        ("inserted_at", json!(0), "inserted_at must be text; found 0"),
        (
            "updated_at",
            json!(false),
            "updated_at must be text; found false",
        ),
        ("thumbnails", json!("x"), "thumbnails must be a list"),
        (
            "progress",
            json!([]),
            "progress must be an object; found a list",
        ),
        (
            "progress",
            json!({"total": "9"}),
            "progress.total must be a whole number",
        ),
        (
            "dataset",
            json!(101),
            "dataset must be an object; found 101",
        ),
        (
            "dataset",
            json!({"id": "101"}),
            "dataset.id must be a whole number",
        ),
        (
            "dataset",
            json!({"annotators_can_instantiate_workflows": "yes"}),
            "dataset.annotators_can_instantiate_workflows must be true or false; found the text \"yes\"",
        ),
        (
            "stages",
            json!({}),
            "needs a list of \"stages\"; found an object",
        ),
    ] {
        let mut document = example();
        document[field] = value;
        let problems = problems(&document);
        assert!(
            problems.len() == 1 && problems[0].contains(says),
            "{field}: {problems:?}"
        );
    }
}

#[test]
fn a_secret_of_a_wrong_form_is_not_shown() {
    for value in [
        json!(["planted"]),
        json!({"planted": "planted"}),
        json!("planted\n"),
    ] {
        for field in ["authorization_header", "signing_secrets", "url"] {
            for kind in ["webhook", "annotate"] {
                let mut document = example();
                document["stages"][1]["type"] = json!(kind);
                document["stages"][1]["config"][field] = value.clone();
                for problem in problems(&document) {
                    assert!(!problem.contains("planted"), "{problem}");
                }
            }
        }
    }
}

#[test]
fn null_is_absent_everywhere() {
    let mut document = example();
    for field in [
        "name",
        "team_id",
        "dataset",
        "progress",
        "inserted_at",
        "thumbnails",
    ] {
        document[field] = Value::Null;
    }
    for stage in document["stages"].as_array_mut().unwrap() {
        stage["name"] = Value::Null;
        stage["assignable_users"] = Value::Null;
        let is_webhook = stage["type"] == "webhook";
        for (field, _) in CONFIG {
            let is_needed = field == "initial" || (field == "url" && is_webhook);
            if !is_needed {
                stage["config"][field] = Value::Null;
            }
        }
    }
    assert_eq!(problems(&document), Vec::<String>::new());
    for stage in document["stages"].as_array_mut().unwrap() {
        if stage["type"] != "webhook" {
            stage["config"] = Value::Null;
        }
    }
    assert_eq!(problems(&document), Vec::<String>::new());
}

/// Parsers differ in which of the two they take: what the file sets is not certain.
#[test]
fn a_doubled_field_is_named_with_its_place() {
    let text = String::from_utf8(EXAMPLE.to_vec()).unwrap();
    let text = text.replacen(
        "\"retry_if_fails\"",
        "\"retry_if_fails\": true,\n \"retry_if_fails\"",
        1,
    );
    let error = Workflow::import(text.as_bytes()).unwrap_err();
    assert_eq!(error.code(), "doubled_field");
    let said = error.to_string();
    assert!(
        said.contains("\"retry_if_fails\" is given twice") && said.contains("line"),
        "{said}"
    );
}

/// Versions before took them for absent: files on their way go on as they began.
#[test]
fn what_versions_before_stored_is_still_read() {
    let imported = Workflow::import(EXAMPLE).unwrap();
    let mut stored: Value = serde_json::from_slice(&imported.workflow.to_json()).unwrap();
    for (field, value) in all_wrong() {
        let checked = [
            "url",
            "authorization_header",
            "signing_secrets",
            "max_retries",
            "retry_delays",
            "timeout",
            "presigned_url_expiry",
        ];
        if !checked.contains(&field) {
            stored["stages"][1]["config"][field] = value;
        }
    }
    stored["team_id"] = json!("42");
    stored["stages"][2]["edges"][0]["id"] = json!("e1");
    let bytes = stored.to_string().into_bytes();
    assert!(Workflow::import(&bytes).is_err());
    let read = Workflow::from_stored(&bytes).unwrap();
    let webhook = read.stages[1].webhook.as_ref().unwrap();
    assert!(webhook.retry_if_fails && webhook.include_annotations);
    let kept: Value = serde_json::from_slice(&read.to_json()).unwrap();
    assert_eq!(kept, stored);
}

#[test]
fn contradictions_are_warned_of() {
    let mut document = example();
    document["stages"][2]["config"]["initial"] = json!(true);
    document["stages"][2]["edges"][0]["source_stage_id"] = document["stages"][0]["id"].clone();
    let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
    let codes: Vec<_> = imported
        .warnings
        .iter()
        .map(workflow::Warning::code)
        .collect();
    assert_eq!(codes, ["second_entry", "source_elsewhere"]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,6}", inner), 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever stands in a field: it is refused by name, or it is what the program runs by.
    #[test]
    fn a_flag_is_refused_or_obeyed(
        field in prop::sample::select(vec!["retry_if_fails", "include_annotations"]),
        value in any_json(),
    ) {
        let mut document = example();
        document["stages"][1]["config"][field] = value.clone();
        match Workflow::import(document.to_string().as_bytes()) {
            Ok(imported) => {
                let webhook = imported.workflow.stages[1].webhook.clone().unwrap();
                let read = if field == "retry_if_fails" {
                    webhook.retry_if_fails
                } else {
                    webhook.include_annotations
                };
                prop_assert_eq!(read, value.as_bool().unwrap_or(true));
                prop_assert!(value.is_boolean() || value.is_null());
            }
            Err(error) => prop_assert!(error.to_string().contains(field), "{error}"),
        }
    }

    /// What this version does not know is kept, whatever it is and wherever it stands.
    #[test]
    fn unknown_fields_take_anything(
        name in "future_[a-z]{1,8}",
        value in any_json(),
        stage in 0..STAGES,
    ) {
        let mut document = example();
        document[&name] = value.clone();
        document["stages"][stage][&name] = value.clone();
        document["stages"][stage]["config"][&name] = value.clone();
        document["stages"][0]["edges"][0][&name] = value.clone();
        let imported = Workflow::import(document.to_string().as_bytes()).unwrap();
        let stored: Value = serde_json::from_slice(&imported.workflow.to_json()).unwrap();
        prop_assert_eq!(&stored[&name], &value);
        prop_assert_eq!(&stored["stages"][stage][&name], &value);
        prop_assert_eq!(&stored["stages"][stage]["config"][&name], &value);
        prop_assert_eq!(&stored["stages"][0]["edges"][0][&name], &value);
    }
}
