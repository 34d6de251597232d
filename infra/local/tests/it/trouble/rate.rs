//! A rate, and the receiver's word.

use std::time::Duration;

use serde_json::json;

use super::scene::*;
use crate::support::{code, rows, stderr};

#[test]
fn a_rate_is_kept_and_spends_no_attempt() {
    let (files, rate) = (200, 40.0);
    let scene = Scene::new(Moody::start(|_, _| OK), files, &json!({"max_rate": "40/s"}));
    let output = scene.run();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(rows(&output).iter().all(|row| row["attempts"] == 1));
    let times = scene.receiver.times();
    assert_eq!(times.len(), files);
    // Times are given out at 93 % of the rate, and used up to 1.25 s late.
    let window = Duration::from_secs(2);
    let most = ((window.as_secs_f64() + 1.25) * rate * 0.93).ceil() + 1.0;
    for (index, first) in times.iter().enumerate() {
        let within = times[index..]
            .iter()
            .take_while(|time| **time - *first < window);
        let within = within.count();
        assert!(within as f64 <= most, "{within} calls in {window:?}");
    }
    let least = Duration::from_secs_f64((files - 1) as f64 / (rate * 0.93) - 1.3);
    let took = *times.last().unwrap() - times[0];
    assert!(took >= least, "{took:?} instead of {least:?}");
}

#[test]
fn a_receiver_may_stop_a_file_or_its_stage() {
    let answers = |number: usize, _: Duration| match number {
        1 => "422 No\r\nwebhook-delivery: abort-message",
        2 => "500 No\r\nWebhook-Delivery: disable",
        _ => OK,
    };
    let config = json!({"receiver_control": true, "retry_delays": ["20ms", "20ms"]});
    let scene = Scene::new(Moody::start(answers), 1, &config);
    let aborted = scene.run();
    assert_eq!(code(&aborted), 2, "{}", stderr(&aborted));
    let row = &rows(&aborted)[0];
    assert_eq!(
        (&row["reason"], &row["attempts"]),
        (&json!("aborted"), &json!(1))
    );
    assert_eq!(scene.receiver.count(), 1);

    scene.documents(1, 2);
    let disabled = scene.run();
    assert_eq!(code(&disabled), 3, "{}", stderr(&disabled));
    let said = stderr(&disabled);
    assert!(said.contains("Hook: paused by the receiver (the receiver answered webhook-delivery: disable); its files wait"), "{said}");
    assert!(
        said.contains("1 file waits: stage \"Hook\" is paused (by the receiver"),
        "{said}"
    );
    assert_eq!(scene.receiver.count(), 2);

    assert_eq!(code(&scene.operate(&["resume", "--stage", "Hook"])), 0);
    let output = scene.run();
    let delivered = rows(&output);
    let delivered = delivered
        .iter()
        .find(|row| row["outcome"] == "succeeded")
        .unwrap();
    assert_eq!(delivered["attempts"], 1, "the attempt was not spent");
    assert_eq!(scene.receiver.count(), 3);
}

#[test]
fn a_receiver_has_no_word_without_the_setting() {
    let answers = |_: usize, _: Duration| "500 No\r\nwebhook-delivery: disable";
    let scene = Scene::new(Moody::start(answers), 1, &json!({"retry_delays": ["20ms"]}));
    let output = scene.run();
    assert_eq!(code(&output), 2, "{}", stderr(&output));
    assert_eq!(rows(&output)[0]["reason"], "http_status");
    assert_eq!(scene.receiver.count(), 2);
}
