//! A pause, and what operators do by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::scene::*;
use crate::support::{code, rows, stderr, webhook_stage};

#[test]
fn a_paused_stages_files_wait_until_it_is_resumed() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    assert_eq!(code(&scene.run()), 0);
    let pause = [
        "pause",
        "--stage",
        "Hook",
        "--reason",
        "they \"move\" house",
    ];
    let paused = scene.operate(&pause);
    assert_eq!(code(&paused), 0, "{}", stderr(&paused));
    let said = stdout(&paused);
    assert!(
        said.starts_with("stage \"Hook\" is paused (by the operator, since "),
        "{said}"
    );
    assert!(said.contains("they \"move\" house"), "{said}");
    let again = stdout(&scene.operate(&["pause", "--stage", "Hook"]));
    assert!(
        again.contains("is already paused (by the operator")
            && again.contains("they \"move\" house"),
        "{again}"
    );

    scene.documents(1, 30);
    let calls = scene.receiver.count();
    let output = scene.run();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!((rows(&output).len(), scene.receiver.count()), (1, calls));
    let said = stderr(&output);
    assert!(
        said.contains("29 files wait: stage \"Hook\" is paused (by the operator"),
        "{said}"
    );
    assert!(said.contains("`webhook-stage resume --state"), "{said}");
    assert!(!said.contains("not finished"), "{said}");
    let redelivered = scene.operate(&["redeliver", "--stage", "Hook"]);
    assert_eq!(code(&redelivered), 3, "{}", stderr(&redelivered));

    let status = stdout(&scene.operate(&["status"]));
    assert!(
        status.contains("stage \"Hook\": paused by the operator, since "),
        "{status}"
    );
    assert!(status.contains("29 files wait"), "{status}");
    let status = rows(&scene.operate(&["status", "--json"]));
    let stage = status
        .iter()
        .find(|row| row["stage_control"] == "Hook")
        .unwrap();
    assert_eq!(stage["pause"]["reason"], "they \"move\" house");
    assert_eq!(stage["files_waiting"], 29);
    assert_eq!(stage["breaker"], Value::Null);

    let resumed = stdout(&scene.operate(&["resume", "--stage", "Hook"]));
    assert!(
        resumed.contains("is resumed; it was paused by the operator"),
        "{resumed}"
    );
    let again = stdout(&scene.operate(&["resume", "--stage", "Hook"]));
    assert_eq!(again, "stage \"Hook\" is not paused\n");
    let began = Instant::now();
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 29);
    for row in rows(&output)
        .iter()
        .filter(|row| row["outcome"] == "succeeded")
    {
        assert_eq!(row["attempts"], 1);
    }
    assert_eq!(scene.receiver.count(), 30);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "they were put off"
    );
    let status = scene.operate(&["status", "--json"]);
    assert!(
        rows(&status)
            .iter()
            .all(|row| row["stage_control"] == Value::Null)
    );
}

/// A copy of a workflow has the same stages' ids, and its deliveries are in the same message groups.
#[test]
fn a_pause_is_of_one_workflow_and_not_of_its_copy() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    assert_eq!(code(&scene.run()), 0);
    let text = std::fs::read(scene.path("workflow.json")).unwrap();
    let mut copy: Value = serde_json::from_slice(&text).unwrap();
    let original = copy["id"].as_str().unwrap().to_owned();
    copy["id"] = json!(uuid::Uuid::new_v4());
    let run_copy = |from: usize, to: usize| {
        let documents = scene.path("documents");
        std::fs::remove_dir_all(&documents).unwrap();
        scene.documents(from, to);
        scene.running_with("copy.json").output().unwrap()
    };
    std::fs::write(scene.path("copy.json"), copy.to_string()).unwrap();
    let mut put = webhook_stage();
    put.args(["workflow", "put", "--team", "t", "--state"]);
    let put = put.arg(scene.path("state")).arg(scene.path("copy.json"));
    assert_eq!(code(&put.output().unwrap()), 0);

    let ambiguous = scene.operate(&["pause", "--stage", "Hook"]);
    let said = stderr(&ambiguous);
    assert!(
        code(&ambiguous) == 1 && said.contains("choose one with --workflow ID"),
        "{said}"
    );
    let paused = scene.operate(&["pause", "--stage", "Hook", "--workflow", &original]);
    assert_eq!(code(&paused), 0, "{}", stderr(&paused));
    scene.documents(1, 20);
    let waiting = scene.run();
    assert_eq!(code(&waiting), 3, "{}", stderr(&waiting));
    let calls = scene.receiver.count();
    assert_eq!(calls, 1);
    let said = stderr(&waiting);
    assert!(
        said.contains(&format!("--stage Hook --workflow {original}`")),
        "{said}"
    );

    let output = run_copy(20, 40);
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 20, "{}", stderr(&output));
    assert!(
        stderr(&output).contains("19 files wait"),
        "{}",
        stderr(&output)
    );
    assert_eq!(scene.receiver.count(), calls + 20);
}

#[test]
fn a_stopped_run_can_be_paused_and_its_breaker_closed_by_hand() {
    let down = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let is_down = Arc::clone(&down);
    let answers = move |_: usize, _: Duration| {
        if is_down.load(std::sync::atomic::Ordering::SeqCst) {
            DOWN
        } else {
            OK
        }
    };
    let scene = Scene::new(
        Moody::start(answers),
        40,
        &json!({"retry_delays": ["4s", "4s"]}),
    );
    let stopped = scene.stopped_after(10);
    assert_eq!(code(&stopped), 130, "{}", stderr(&stopped));
    let status = stdout(&scene.operate(&["status"]));
    assert!(
        status.contains("stage \"Hook\": circuit breaker open since "),
        "{status}"
    );
    assert!(
        status.contains("http_status") && status.contains("40 files wait"),
        "{status}"
    );
    let status = rows(&scene.operate(&["status", "--json", "--stage", "Hook"]));
    assert_eq!(status[0]["breaker"]["phase"], "open");
    assert_eq!(status[0]["breaker"]["reason"], "http_status");

    assert_eq!(code(&scene.operate(&["pause", "--stage", "Hook"])), 0);
    let calls = scene.receiver.count();
    let output = scene.run();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert_eq!(scene.receiver.count(), calls);
    assert!(
        stderr(&output).contains("40 files wait"),
        "{}",
        stderr(&output)
    );

    assert_eq!(code(&scene.operate(&["resume", "--stage", "Hook"])), 0);
    let closed = stdout(&scene.operate(&["close", "--stage", "Hook"]));
    assert!(
        closed.contains("has its circuit breaker closed by hand; it was open (http_status"),
        "{closed}"
    );
    let again = stdout(&scene.operate(&["close", "--stage", "Hook"]));
    assert_eq!(
        again,
        "stage \"Hook\" has its circuit breaker closed already\n"
    );
    down.store(false, std::sync::atomic::Ordering::SeqCst);
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), 40);
}

#[test]
fn only_a_webhook_stage_that_exists_can_be_held_back() {
    let scene = Scene::new(Moody::start(|_, _| OK), 1, &json!({}));
    let none = scene.operate(&["pause", "--stage", "Hook"]);
    assert_eq!(code(&none), 1);
    assert!(
        stderr(&none).contains("not a state directory"),
        "{}",
        stderr(&none)
    );
    assert_eq!(code(&scene.run()), 0);
    for command in ["pause", "resume", "close"] {
        for (stage, says) in [
            (
                "Next",
                "error[usage]: --stage: \"Next\" is not a Webhook stage",
            ),
            ("Nowhere", "error[unknown_stage]"),
        ] {
            let output = scene.operate(&[command, "--stage", stage]);
            assert_eq!(code(&output), 1, "{command} {stage}");
            let said = stderr(&output);
            assert!(said.contains(says) && said.lines().count() == 1, "{said}");
        }
        let output = scene.operate(&[command]);
        assert_eq!(code(&output), 1);
    }
    for reason in ["", " ", "a\nb", &"x".repeat(201)] {
        let output = scene.operate(&["pause", "--stage", "Hook", "--reason", reason]);
        assert_eq!(code(&output), 1, "{reason:?}");
        assert!(
            stderr(&output).contains("at most 200 characters"),
            "{}",
            stderr(&output)
        );
    }
}
