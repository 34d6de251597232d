//! Stages that an operator holds back: paused, or with a rate.

use std::time::{Duration, Instant};

use delivery::Timestamp;
use delivery::control::{StageControl, paused, resumed};
use delivery::ports::Operator;
use delivery::usecase::operate_control;
use serde_json::json;

use crate::outage::{stage, until_control};
use crate::receiver::now;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_a_paused_stage_wait_and_spend_no_attempt() {
    let team = "paused";
    let scene = Scene::with(team, |_| (200, Duration::from_millis(20)), json!({})).await;
    let (stage, records) = (stage(&scene, team), scene.operator.records());
    let at = Timestamp::from_millis(now());
    let pause = |control: &StageControl| paused(control, "operator", Some("maintenance"), at);
    operate_control(records, &stage, pause).await.unwrap();
    let assignments = scene.assignments(30);
    scene.assign(&assignments).await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(scene.receiver.seen.calls().len(), 0);

    let at = Timestamp::from_millis(now());
    let resume = |control: &StageControl| resumed(control, at);
    operate_control(records, &stage, resume).await.unwrap();
    let began = Instant::now();
    let settled = scene.settled(&assignments, Duration::from_secs(90)).await;
    println!(
        "paused for 15 s and resumed: 30 files delivered within {:.1} s",
        began.elapsed().as_secs_f64()
    );
    for file in settled {
        let delivery = file.delivery.unwrap();
        assert_eq!((delivery.attempt, delivery.held_ms), (1, 0));
    }
    let counts = scene.receiver.seen.by_call();
    assert!(counts.len() == 30 && counts.values().all(|count| *count == 1));
    until_control(&scene, team, StageControl::is_plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_kept_by_all_senders_together() {
    let team = "rate";
    let settings = json!({"max_rate": "5/s"});
    let scene = Scene::with(team, |_| (200, Duration::from_millis(20)), settings).await;
    let assignments = scene.assignments(100);
    scene.assign(&assignments).await;
    let settled = scene.settled(&assignments, Duration::from_secs(120)).await;
    assert!(settled.iter().all(|file| !file.is_failed_at_rest()));
    let mut at: Vec<_> = scene
        .receiver
        .seen
        .calls()
        .iter()
        .map(|call| call.from)
        .collect();
    at.sort_unstable();
    assert_eq!(at.len(), 100, "no call for a delivery that is put off");
    let within = |from: &i64| {
        at.iter()
            .filter(|it| (*from..from + 10_000).contains(it))
            .count()
    };
    let most = at.iter().map(within).max().unwrap();
    let took = Duration::from_millis(at[99].abs_diff(at[0]));
    println!(
        "100 files at 5/s: {most} calls in the fullest 10 s, all within {:.1} s",
        took.as_secs_f64()
    );
    assert!(most <= 52, "at most 5 % above the rate over 10 s: {most}");
    // Times are given out at 93 % of the rate, and a call that comes too late for its time loses it; on a busy machine
    // many do.
    assert!(took < Duration::from_secs(40), "{took:?}");
}
