//! A dead receiver, and one that comes back.

use std::time::{Duration, Instant};

use serde_json::json;

use super::scene::*;
use crate::support::{code, rows, stderr};

#[test]
fn a_dead_receiver_is_called_seldom_and_its_files_fail_by_their_schedule() {
    let files = 300;
    let scene = Scene::new(
        Moody::start(|_, _| DOWN),
        files,
        &json!({"retry_delays": ["1s", "1s", "1s"]}),
    );
    let began = Instant::now();
    let output = scene.run();
    let took = began.elapsed();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(count(&output, "failed"), files);
    for row in rows(&output) {
        let reason = row["reason"].as_str().unwrap();
        assert!(["circuit_open", "http_status"].contains(&reason), "{row}");
        assert_eq!(
            (&row["attempts"], &row["moved_to"]),
            (&json!(4), &json!("Back"))
        );
    }
    let calls = scene.receiver.count();
    // Without a breaker, 1200.
    assert!(calls < files, "{calls} calls");
    let table = stdout(&scene.operate(&["status", "--failed"]));
    let shown = table.lines().skip(1).map(|line| {
        let calls = line.split_whitespace().nth(4).unwrap();
        calls.parse::<usize>().unwrap()
    });
    assert_eq!(shown.sum::<usize>(), calls);
    // Three delays, and as long again for its patience.
    assert!(took < Duration::from_secs(60), "{took:?}");
    let said = stderr(&output);
    assert_eq!(
        said.matches("Hook: the receiver is in trouble (http_status); the circuit breaker is open: no calls for 1 s").count(),
        1,
        "{said}"
    );
}

#[test]
fn a_receiver_that_dies_and_comes_back_gets_every_file() {
    let (files, outage) = (100, 3);
    let answers = move |number: usize, since: Duration| {
        if number <= 20 || since > Duration::from_secs(outage) {
            OK
        } else {
            DOWN
        }
    };
    let scene = Scene::new(
        Moody::start(answers),
        files,
        &json!({"retry_delays": ["1s", "2s", "4s", "8s"]}),
    );
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(count(&output, "succeeded"), files);
    let said = stderr(&output);
    for line in ["is in trouble", "answers again"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
    let calls = scene.receiver.count();
    assert!(calls < 2 * files, "{calls} calls");
}

#[test]
fn a_breaker_never_holds_back_what_has_no_delays() {
    for (config, calls) in [
        (json!({"retry_delays": ["0s", "0s"]}), 3),
        (json!({"retry_delays": null, "max_retries": 0}), 1),
        (json!({"retry_if_fails": false}), 1),
        (json!({"breaker": false, "retry_delays": ["10ms"]}), 2),
        (json!({"breaker_patience": 0, "retry_delays": ["10ms"]}), 2),
    ] {
        let scene = Scene::new(Moody::start(|_, _| DOWN), 40, &config);
        let output = scene.run();
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        for row in rows(&output) {
            assert_eq!(row["reason"], "http_status", "{config}");
        }
        assert_eq!(scene.receiver.count(), 40 * calls, "{config}");
    }
}
